"""Datasets in; tables, figures and files out."""

"""Sensitivity indices as array functions."""

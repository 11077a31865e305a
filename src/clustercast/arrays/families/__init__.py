"""Families of distributions as array functions."""

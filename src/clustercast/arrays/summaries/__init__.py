"""Summaries of samples as array functions."""

"""Sensitivity: labelled forecasts in, labelled indices out."""

"""The engine: quantities, models, programs, units; it knows no content."""

"""Arrays in, arrays out: NumPy and SciPy only."""

"""What information is worth, what would change a forecast, and how far its priors carry it."""

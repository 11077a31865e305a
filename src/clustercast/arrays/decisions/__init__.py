"""What information is worth, as array functions."""

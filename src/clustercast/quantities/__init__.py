"""The domain: one file a subject, small NumPy functions, no number about the world."""

"""The arithmetic of the texts, recomputed."""

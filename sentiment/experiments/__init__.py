"""Models × learning rates: planned, trained, tabled."""

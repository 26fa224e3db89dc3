"""Wording that every part shares: text made harmless, units, aligned columns."""

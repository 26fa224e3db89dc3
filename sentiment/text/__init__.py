"""Text functions that every part shares: harmless text, units, aligned columns."""

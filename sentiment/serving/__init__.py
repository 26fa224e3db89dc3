"""The serving state: which version is stable, which is canary, and how that came to be."""

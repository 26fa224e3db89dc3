"""Decides whether a candidate may be published, and says so in words."""

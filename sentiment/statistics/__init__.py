"""Paired tests and intervals."""

"""Hostile and honest clients of a model server, together."""

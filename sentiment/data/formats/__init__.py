"""Finds a delivery file's packing, encoding and format from its name and content, and reads its rows."""

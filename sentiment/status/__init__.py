"""What is served, by which version, and whatever is not as it should be."""

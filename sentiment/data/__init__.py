"""Labelled posts: deliveries in, a run's training and test files out."""

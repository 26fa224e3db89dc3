"""Turns deliveries of labelled posts into a run's training and test files."""

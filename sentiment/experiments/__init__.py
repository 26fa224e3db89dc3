"""Experiments over models × learning rates: planning, training, the table."""

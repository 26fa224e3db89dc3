"""Continuous retraining of a Chinese three-class sentiment model."""

__version__ = "0.1.0"

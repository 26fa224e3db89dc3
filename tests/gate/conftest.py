"""Evaluations made from confusion matrices."""

from support.evaluations import evaluation, flipped, rolling_set  # noqa: F401

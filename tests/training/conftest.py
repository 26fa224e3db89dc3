"""The toy model's posts, and its encoder for every test."""

from support.toy_model import posts, toy_encoder_everywhere  # noqa: F401

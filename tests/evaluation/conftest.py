"""A toy model, trained once."""

from support.toy_model import posts, toy_encoder, toy_files, toy_model, toy_result  # noqa: F401

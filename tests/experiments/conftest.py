"""Three dozen posts, and a toy model of them."""

from support.toy_data import data, run, trained  # noqa: F401

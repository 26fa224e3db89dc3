"""Three dozen posts, and a toy model of them."""

from support.toy_data import data, trained  # noqa: F401

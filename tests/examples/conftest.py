"""A running embedded server with a stable and a canary version."""

from support.toy_servers import standing_both  # noqa: F401

"""A running embedded server with a stable and a canary version."""

from support.toy_servers import both, site, standing, start, toys  # noqa: F401

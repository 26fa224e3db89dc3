"""The toy versions of `toy_servers`."""

from support.toy_servers import toys  # noqa: F401

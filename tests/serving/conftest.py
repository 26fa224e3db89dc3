"""The fixtures of `toy_servers`."""

from support.toy_servers import client, client_class, impatient, shop, site, standing, start, two_servers  # noqa: F401

"""The fixtures of `small_homes` and `toy_servers`."""

from support.small_homes import home, place  # noqa: F401
from support.toy_servers import client, client_class, impatient, shop, site, standing, start, toys, two_servers  # noqa: F401

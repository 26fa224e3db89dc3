"""The fixtures of `toy_servers`."""

from support.toy_servers import (  # noqa: F401
    client,
    client_class,
    impatient,
    shop,
    site,
    standing,
    standing_both,
    start,
    two_servers,
)

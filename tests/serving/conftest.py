"""The fixtures of `toy_servers`, which other folders' tests use as well."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from toy_servers import (  # noqa: F401
    client,
    client_class,
    impatient,
    shop,
    site,
    standing,
    start,
    toys,
    two_servers,
)

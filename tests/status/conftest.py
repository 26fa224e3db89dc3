"""The fixtures of `small_homes` and `toy_servers`."""

from __future__ import annotations

import pytest
from support.small_homes import home, place  # noqa: F401
from support.toy_servers import client, client_class, impatient, shop, site, standing, start, toys, two_servers  # noqa: F401


@pytest.fixture(autouse=True)
def followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that differs is not asked again for seconds: the toys' servers poll twenty times a second."""
    monkeypatch.setattr("sentiment.probe.served.seconds_to_follow", lambda settings: 0.4)

"""The fixtures of `small_homes` and `toy_servers`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.small_homes import home, place  # noqa: F401
from support.toy_servers import client, client_class, impatient, shop, site, standing, start, two_servers  # noqa: F401

from sentiment.serving.change import changing
from sentiment.settings import Settings

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with version 1 stable, 2 the canary, and a server that is down."""
    settings = Settings(home=tmp_path, serving_urls=NOBODY)
    yesterday = (datetime.now(UTC) - timedelta(hours=26)).isoformat(timespec="seconds")
    with changing(settings, "ops") as change:
        for number in (1, 2):
            (settings.versions / str(number) / "variables").mkdir(parents=True)
            (settings.versions / str(number) / "saved_model.pb").write_bytes(b"x" * 1500)
            metrics, data = {"frozen": 0.84, "rolling": 0.5 + number / 10}, {"rows": 1000 * number}
            details: dict[str, Any] = {"run": f"第{number}夜", "size": 1500, "metrics": metrics, "data": data}
            change.record("published", number, **details, **({"at": yesterday} if number == 1 else {}))
        for event, number in (("staged", 1), ("canary", 1), ("promoted", 1), ("staged", 2), ("canary", 2)):
            change.record(event, number)
    return settings


@pytest.fixture(autouse=True)
def followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that differs is not asked again for seconds: the toys' servers poll twenty times a second."""
    monkeypatch.setattr("sentiment.probe.served.seconds_to_follow", lambda settings: 0.4)

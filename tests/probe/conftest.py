"""A home whose stable and canary are toys on a real embedded server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.results import whole
from support.toy_servers import Site, running_servers
from support.toy_stand import KINDS, POSTS, Stand, save_toy

from sentiment.data.tsv import Post, write_posts
from sentiment.results.probe import Probe
from sentiment.serving.change import changing


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("toys")
    for kind in KINDS:
        save_toy(folder / kind, kind)
    return {kind: folder / kind for kind in KINDS}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with 24 posts in the rolling test set and none to train on."""
    folder = tmp_path / "home"
    write_posts(folder / "datasets" / "old_sentiment" / "latest_test.tsv", POSTS)
    return folder


@pytest.fixture
def dry(home: Path) -> Stand:
    """A stand without a server: nobody listens at its address."""
    environment = {"SENTIMENT_HOME": str(home), "SENTIMENT_SERVING_URLS": "http://127.0.0.1:9"}
    environment["SENTIMENT_CANARY_ROWS"] = "24"
    return Stand(home, {}, environment | {"SENTIMENT_CANARY_BAKE_MINUTES": "0"})


@pytest.fixture
def stand(dry: Stand, toys: dict[str, Path]) -> Iterator[Stand]:
    """A stand whose version 1, a good one, is stable."""
    dry.toys = toys
    with changing(dry.settings):
        pass
    with running_servers() as start:
        site = Site(make(dry.home / "site"), {})
        site.config = dry.settings.models_config
        dry.server = start(site, allow_labels_for_unavailable=True)
        dry.environment["SENTIMENT_SERVING_URLS"] = dry.server.server.rest_url
        dry.canary(1, "good")
        dry.promote(1)
        yield dry


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def made() -> Callable[..., Probe]:
    """Makes a probe."""

    def make_probe(outcome: str = "good", minute: float = 0, **changes: Any) -> Probe:
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(1_800_000_000 + 60 * minute))
        given = {"canary": 2, "stable": 1, "since": "x", "outcome": outcome, "reasons": [outcome], **changes}
        return whole(Probe, given, at=at)

    return make_probe


@pytest.fixture
def posts() -> list[Post]:
    return POSTS


@pytest.fixture(autouse=True)
def followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that differs is not asked again for seconds: the toys' servers poll twenty times a second."""
    monkeypatch.setattr("sentiment.probe.served.seconds_to_follow", lambda settings: 0.4)

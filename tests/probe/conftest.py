"""A home whose stable and canary are toys on a real embedded server."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sentiment.data.tsv import Post, write_posts
from sentiment.serving.history import changing, read_state
from sentiment.serving.servers import wait_until_available, wait_until_labelled
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings, read_settings

SERVING = Path(__file__).resolve().parents[1] / "serving" / "conftest.py"
_spec = importlib.util.spec_from_file_location("serving_for_probes", SERVING)
assert _spec and _spec.loader
serving = importlib.util.module_from_spec(_spec)
sys.modules["serving_for_probes"] = serving  # its dataclasses look their module up
_spec.loader.exec_module(serving)

KINDS = ("good", "wrong", "slow", "failing")
SECONDS = 0.2  # that the slow toy takes
WAIT = 20.0
POSTS = [
    Post(f"{start}第{number}則", label) for number in range(8) for start, label in (("推", 0), ("噓", 1), ("問", 0))
]


def save_toy(folder: Path, kind: str) -> None:
    """Saves a toy that is right on POSTS: `good` or `slow`; or is not on those that begin with 問: `wrong`, `failing`.

    `failing` refuses to answer them.
    """
    from sentiment.model.tensorflow_setup import tf

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def of_text(text: Any) -> Any:
        if kind == "slow":
            began = tf.timestamp()
            tf.while_loop(lambda now: now - began < SECONDS, lambda _: tf.timestamp(), [began])
        starts = tf.strings.substr(text, 0, 1, unit="UTF8_CHAR")
        refused = tf.logical_and(kind == "failing", tf.reduce_any(starts == "問"))
        with tf.control_dependencies([tf.debugging.Assert(tf.logical_not(refused), ["out of order"])]):
            negative = tf.logical_or(starts == "噓", tf.logical_and(kind == "wrong", starts == "問"))
            label_id = tf.cast(negative, tf.int32)
        names = tf.gather(["正面", "負面", "中立"], label_id)
        return {"probabilities": tf.one_hot(label_id, 3), "label": names, "label_id": label_id}

    tf.saved_model.save(tf.Module(), str(folder), signatures={"text": of_text})


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("toys")
    for kind in KINDS:
        save_toy(folder / kind, kind)
    return {kind: folder / kind for kind in KINDS}


@dataclass
class Stand:
    """A home, the toys, and a server that serves what the home's history says."""

    home: Path
    toys: dict[str, Path]
    environment: dict[str, str] = field(default_factory=dict)
    server: Any = None

    @property
    def settings(self) -> Settings:
        return read_settings(self.environment)

    def publish(self, version: int, toy: str) -> None:
        shutil.copytree(self.toys[toy], self.settings.versions / str(version))
        with changing(self.settings) as change:
            change.record("published", version)

    def canary(self, version: int, toy: str) -> None:
        """Publishes a toy, has the server load it, and makes it the canary; without a server only says so."""
        if version not in read_state(self.settings).versions:
            self.publish(version, toy)
        with changing(self.settings) as change:
            change.record("staged", version)
            self._wait_until_available(version)
            change.record("canary", version)
            self.wait_for_label("canary", version)

    def promote(self, version: int) -> None:
        with changing(self.settings) as change:
            change.record("promoted", version)
            self.wait_for_label("stable", version)

    def withdraw(self, version: int) -> None:
        with changing(self.settings, "Ann") as change:
            withdraw(change, version, "a whim")

    def ask(self, label: str, text: str = "問") -> str:
        return str(self.server.ask(text, where=f"/labels/{label}")[0])

    def _wait_until_available(self, version: int) -> None:
        if self.server:
            wait_until_available(self.settings.server_addresses, "sentiment", version, WAIT)

    def wait_for_label(self, label: str, version: int) -> None:
        if self.server:
            wait_until_labelled(self.settings.server_addresses[:1], "sentiment", label, version, WAIT)


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
    with serving.running_servers() as start:
        site = serving.Site(make(dry.home / "site"), {})
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
def made() -> Callable[..., dict[str, Any]]:
    """Makes a probe's record, as decisions read it."""

    def make_probe(outcome: str = "good", minute: float = 0, **changes: Any) -> dict[str, Any]:
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(1_800_000_000 + 60 * minute))
        return {"at": at, "canary": 2, "stable": 1, "since": "x", "outcome": outcome, "reasons": [outcome], **changes}

    return make_probe


@pytest.fixture
def posts() -> list[Post]:
    return POSTS

"""A home whose versions are toys that answer well or badly, with or without a server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentiment.data.tsv import Post, write_posts
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.servers import wait_until_available, wait_until_labelled
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings, read_settings

KINDS = ("good", "wrong", "slow", "failing")
SECONDS = 0.1  # that the slow toy takes
WAIT = 20.0
POSTS = [
    Post(f"{start}第{number}則", label) for number in range(8) for start, label in (("推", 0), ("噓", 1), ("問", 0))
]


def save_toy(folder: Path, kind: str) -> None:
    """Saves a toy that is right on POSTS: `good` or `slow`; or is not on those that begin with 問: `wrong`, `failing`.

    `failing` refuses to answer them.
    """
    from sentiment.tensorflow_setup import tf

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


def serve_two(stand_of: type[Stand], home: Path, port: str) -> int:
    """Makes a home whose stable is a good toy and whose canary a wrong one, serves it, and returns the exit code."""
    from sentiment.cli import run

    toys = {kind: home / "toys" / kind for kind in ("good", "wrong")}
    for kind, folder in toys.items():
        save_toy(folder, kind)
    write_posts(home / "datasets" / "old_sentiment" / "latest_test.tsv", POSTS)
    stand = stand_of(home, toys, {"SENTIMENT_HOME": str(home)})
    stand.canary(1, "good")
    stand.promote(1)
    stand.canary(2, "wrong")
    return run(["serve", "--port=0", f"--rest-api-port={port}"])

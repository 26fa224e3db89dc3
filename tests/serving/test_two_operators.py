"""Several operators at once, each in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sentiment.serving import models_config
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.promote import promote
from sentiment.serving.publish import publish


def start(shop: Any, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "SENTIMENT_HOME": str(shop.settings.home),
        "SENTIMENT_SERVING_URLS": shop.settings.serving_urls,
    }
    command = [sys.executable, "-m", "sentiment", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def harmless_export(folder: Path) -> Path:
    """Saves a model that only computes: the toys may look for files."""
    from sentiment.tensorflow_setup import tf

    class Harmless(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def text(self, text: Any) -> Any:
            return {"label": tf.identity(text)}

    module = Harmless()
    tf.saved_model.save(module, str(folder), signatures={"text": module.text})
    return folder


@pytest.mark.slow
def test_different_verbs_at_once_are_done_one_after_the_other(shop: Any, tmp_path: Path) -> None:
    export = harmless_export(tmp_path / "export")
    for number in (1, 2):
        shop.deploy(number)
        if number == 1:
            shop.do(promote, 1)
    with changing(shop.settings) as change:
        publish(change, shop.candidate(3))
        verbs = [
            start(shop, "promote", "--version=2", "--who=小王"),
            start(shop, "canary", "--version=3", "--who=阿美"),
            start(shop, "publish", f"--export={export}", f"--model={shop.settings.home / 'runs/night-1/model'}"),
            start(shop, "promote", "--version=2", "--who=again"),
        ]
        waits = [verb.stderr.readline() for verb in verbs if verb.stderr]  # each has come to the lock
    ended = [(verb.wait(timeout=60), *verb.communicate()) for verb in verbs]
    assert all(line.startswith("waiting for ops") or line.startswith("waiting for root") for line in waits), waits
    assert [code for code, _, _ in ended] == [0] * 4, ended
    state = read_state(shop.settings)
    assert sorted(state.versions) == [1, 2, 3, 4]
    assert state.canary == 3
    # Whoever came first decided: the canary was approved before it was replaced, or after, and then nothing changed.
    assert state.stable in (1, 2)
    assert Counter(entry["event"] for entry in shop.history)["promoted"] == state.stable
    text = models_config.read(shop.settings.models_config)
    assert text == models_config.rendered(state, shop.settings)
    shop.client.wait_for(lambda: shop.says("/labels/canary") == "中立", "the canary to answer")

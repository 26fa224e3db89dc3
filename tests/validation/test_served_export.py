"""A real export in a real server, asked what honest clients ask without thinking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sentiment.client import SentimentClient
from sentiment.validation.asking import Version, connected
from sentiment.validation.throwaway import ThrowawayServer

IDS = ("input_ids", "input_mask", "segment_ids")


@pytest.fixture
def version(server: ThrowawayServer) -> Iterator[Version]:
    with connected(server) as channel:
        yield Version(server, 1, channel)


def test_no_texts_have_no_answers(server: ThrowawayServer, version: Version) -> None:
    found = version.predict("text", {"text": np.array([], object)})
    assert {name: value.shape for name, value in found.items()} == {
        "probabilities": (0, 3),
        "label": (0,),
        "label_id": (0,),
    }
    status, answer = posted(server, {"signature_name": "text", "inputs": {"text": []}})
    assert (status, answer) == (200, {"outputs": {"probabilities": [], "label": [], "label_id": []}})


@pytest.mark.parametrize("length", [0, 5])
def test_no_rows_of_ids_have_no_answers(version: Version, length: int) -> None:
    found = version.predict("serving_default", dict.fromkeys(IDS, np.zeros((0, length), np.int32)))
    assert found["probabilities"].shape == (0, 3)


def test_a_nul_hides_nothing_of_a_text(server: ThrowawayServer) -> None:
    with SentimentClient(server.rest) as client:
        whole, cut, *others = client.classify(["好吃難吃又貴", "好吃", "好吃\0難吃又貴", "\0好\x01吃難吃又\x7f貴\0"])
    for answer in others:
        assert answer.probabilities == pytest.approx(whole.probabilities, abs=1e-5)
    assert cut.probabilities != pytest.approx(whole.probabilities, abs=1e-3)


def posted(server: ThrowawayServer, body: dict[str, Any]) -> tuple[int, Any]:
    import json
    import urllib.request

    address = f"{server.rest}/v1/models/{server.model_name}:predict"
    with urllib.request.urlopen(address, json.dumps(body).encode(), timeout=30) as response:
        return response.status, json.loads(response.read())

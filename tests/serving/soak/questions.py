"""What the load asks: good requests, of which every row's answer is known, and hostile ones, which must be refused.

The toy models answer with the label of their version, so each answer tells who gave it. Rows that are right whoever
answers (推, 噓; the number of real tokens in the probabilities) tell whether rows of several callers were mixed up.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LABELS = ["正面", "負面", "中立"]
SAID = {"推": "正面", "噓": "負面"}
VOCABULARY = 50
BIAS, PER_TOKEN = 4.0, 0.01


class Mixed(Exception):
    """An answer that no version gives to this request: rows of several callers were mixed up, or one is missing."""


@dataclass(frozen=True)
class Question:
    """A good request. `read` turns the answer's outputs into the label of the version that gave it."""

    signature: str
    inputs: dict[str, Any]
    rows: int
    read: Callable[[dict[str, Any]], str]

    def body(self) -> bytes:
        """Returns it for REST, in the row form for texts and in the column form for ids."""
        if self.signature == "text":
            return json.dumps({"signature_name": "text", "instances": self.inputs["text"]}).encode()
        inputs = {name: rows.tolist() for name, rows in self.inputs.items()}
        return json.dumps({"signature_name": self.signature, "inputs": inputs}).encode()


def question(chance: random.Random) -> Question:
    """Returns a random good request: either signature, one row or many."""
    rows = chance.choice((1, 1, 1, 1, 2, 5, 16, 32))
    return texts(chance, rows) if chance.random() < 0.6 else ids(chance, rows)


def texts(chance: random.Random, rows: int) -> Question:
    posts = [chance.choice(("推", "噓", "")) + chance.choice(("今天天氣", "火鍋" * 20, "x")) for _ in range(rows - 1)]
    posts.append("好" * chance.randint(1, 100))

    def read(outputs: dict[str, Any]) -> str:
        found = outputs["label"]
        own = found[-1] if len(found) == rows else None
        if own not in LABELS or found != [SAID.get(post[0], own) for post in posts]:
            raise Mixed(f"{posts} → {found}")
        return str(own)

    return Question("text", {"text": posts}, rows, read)


def ids(chance: random.Random, rows: int) -> Question:
    length = chance.choice((8, 16, 16, 32, 64))
    counts = [chance.randint(1, length) for _ in range(rows)]
    given = np.zeros((rows, length), np.int32)
    for row, count in zip(given, counts, strict=True):
        row[:count] = chance.randrange(1, VOCABULARY)
    ones, zeros = (given != 0).astype(np.int32), np.zeros_like(given)

    def read(outputs: dict[str, Any]) -> str:
        found = np.asarray(outputs["probabilities"], np.float32)
        if found.shape != (rows, len(LABELS)):
            raise Mixed(f"{rows} rows → {found.shape}")
        label = int(found[0].argmax())
        expected = [probabilities(label, count) for count in counts]
        if not np.allclose(found, expected, atol=1e-4):
            raise Mixed(f"{counts} tokens → {found.tolist()}")
        return LABELS[label]

    return Question("serving_default", {"input_ids": given, "input_mask": ones, "segment_ids": zeros}, rows, read)


def probabilities(label: int, count: int) -> list[float]:
    """Returns what the toy model whose label is `label` answers to a row of `count` tokens."""
    scores = [BIAS * (index == label) + PER_TOKEN * count * (index == 2) for index in range(len(LABELS))]
    total = sum(map(math.exp, scores))
    return [math.exp(score) / total for score in scores]


GOOD = b'{"signature_name": "text", "instances": ["a"]}'
PATH = "/v1/models/sentiment/labels/stable:predict"
# Path and body of REST requests that must be answered with a client's error, never with the server's.
HOSTILE_REST = [
    (PATH, b"{"),
    (PATH, b""),
    (PATH, b"[" * 50_000),
    (PATH, b'{"instances": []}'),
    (PATH, b'{"instances": [1], "inputs": [2]}'),
    (PATH, b'{"signature_name": "none", "instances": ["a"]}'),
    (PATH, b'{"signature_name": "text", "instances": [{"text": {"b64": "%%%"}}]}'),
    (PATH, b'{"instances": [{"input_ids": ["a"], "input_mask": [1], "segment_ids": [0]}]}'),
    (PATH, b'{"instances": [{"input_ids": [1, 2], "input_mask": [1], "segment_ids": [0]}, {"input_ids": [3]}]}'),
    (PATH, b"\xff\xfe\x00"),
    (PATH, b'{"signature_name": "text", "instances": [1e999]}'),
    ("/v1/models/sentiment/labels/nobody:predict", GOOD),
    ("/v1/models/sentiment/versions/999999:predict", GOOD),
    ("/v1/models/sentiment/versions/99999999999999999999:predict", GOOD),
    ("/v1/models/other:predict", GOOD),
    ("/v1/models/sentiment:explode", GOOD),
    ("/../../etc/passwd", GOOD),
]
ONE = np.ones((1, 4), np.int32)
# Inputs of gRPC requests for `serving_default` that must be refused. Ids beyond the vocabulary are not among them: an
# export answers those, but the toys' graph would refuse the whole batch that they ran in.
HOSTILE_GRPC: list[dict[str, Any]] = [
    {},
    {"input_ids": ONE},
    {"input_ids": ONE, "input_mask": ONE, "segment_ids": ONE.astype(np.int64)},
    {"input_ids": ONE[0], "input_mask": ONE[0], "segment_ids": ONE[0]},
    {"input_ids": ONE, "input_mask": ONE, "segment_ids": ONE, "more": ONE},
]

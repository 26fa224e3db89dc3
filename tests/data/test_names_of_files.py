"""The names of files are strangers' words: they neither stop a night nor speak for the system."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.cli import run
from sentiment.results.deliveries import Ingest
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings
from sentiment.text.harmless import is_hidden

Deliver = Callable[[str, Any], Path]


@pytest.mark.parametrize(
    "name", [b"x.\xff", b"x.\x1b]0;mine\x07", b"x.q\ningest: all is well", "x.\u202eqqq".encode(), b"y\xc2\x9b2J.tsv"]
)
def test_a_name_neither_stops_a_night_nor_forges_its_log(
    settings: Settings, deliver: Deliver, capfd: pytest.CaptureFixture[str], name: bytes
) -> None:
    deliver("a.tsv", [("好吃", 0)])
    deliver(os.fsdecode(name), "text\tlabel\n難吃\t1\n" if name.endswith(b".tsv") else "")
    assert run(["ingest", "--run", "night"]) == 0
    result, told = RunFolder.named(settings, "night").read(Ingest), capfd.readouterr()
    assert len(told.err.splitlines()) == 3
    assert not any(map(is_hidden, (told.out + told.err).replace("\n", "")))
    assert json.loads(told.out)["accepted"] == result.accepted == 1 + name.endswith(b".tsv")
    assert not any(map(is_hidden, "".join(left.key + left.reason for left in result.not_read)))


def test_a_link_that_quotes_its_name_is_told_in_one_line(
    settings: Settings, deliver: Deliver, capfd: pytest.CaptureFixture[str]
) -> None:
    deliver("a.tsv", [("好吃", 0)])
    (Path(settings.source_folder) / "b\x1b[2J\n.tsv").symlink_to("nowhere")
    assert run(["ingest"]) == 0
    assert not any(map(is_hidden, capfd.readouterr().err.replace("\n", "")))

"""A killed ingest, and several at once: the end state is that of one ingest that was left in peace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.killed import AT_CALL
from support.results import in_json

from sentiment.cli import run
from sentiment.data import ingest as ingesting
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)

Deliver = Callable[[str, Any], Path]

# Runs `sentiment ingest`, killed as kill -9 does at the given call of the given function.
KILLED = (
    """
import os, signal, sys
import sentiment.data.ledger as ledger, sentiment.data.delivery as delivery, sentiment.data.quarantine as quarantine
from sentiment.cli import run

place, calls = sys.argv[1], int(sys.argv[2])
owner, name = {
    "row": (delivery.Delivery, "_accept"), "record": (ledger.Ledger, "record"),
    "rename": (quarantine.Path, "replace"), "quarantine": (quarantine.Quarantine, "add"),
}[place]
"""
    + AT_CALL
    + """
run(["ingest"])
"""
)


def end_state(settings: Settings) -> dict[str, Any]:
    connection = sqlite3.connect(settings.posts_database)
    tables = {
        "deliveries": "SELECT number, key, hash, accepted, duplicate, relabelled, quarantined FROM deliveries",
        "posts": "SELECT row, identity, text, label, delivery, standing FROM posts ORDER BY identity",
    }
    state: dict[str, Any] = {table: connection.execute(query).fetchall() for table, query in tables.items()}
    connection.close()
    return state | {path.name: path.read_text("utf-8") for path in settings.quarantine.iterdir()}


def three_files(deliver: Deliver) -> None:
    deliver("b.tsv", "text\tlabel\n好吃\t0\n壞列\n難吃\t1\n普通\t2\n")
    deliver("c.tsv", "text\tlabel\n好吃\t1\n又壞\n")
    deliver("d.tsv", b"\x00")


@pytest.mark.parametrize(
    ("place", "call"),
    [("row", 1), ("row", 3), ("row", 4), ("quarantine", 2), ("rename", 1), ("rename", 3), ("record", 1), ("record", 3)],
)
def test_a_killed_ingest_is_made_good_by_the_next(settings: Settings, deliver: Deliver, place: str, call: int) -> None:
    three_files(deliver)
    killed = subprocess.run([sys.executable, "-c", KILLED, place, str(call)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    ingest(settings.source_folder, settings)
    mended = end_state(settings)
    shutil.rmtree(settings.quarantine)
    for left in settings.datasets.glob("ledger.sqlite*"):
        left.unlink()
    ingest(settings.source_folder, settings)
    assert mended == end_state(settings)
    assert len(mended["deliveries"]) == 3


def test_what_a_kill_left_behind_goes_when_the_number_goes_to_another_file(
    settings: Settings, deliver: Deliver
) -> None:
    three_files(deliver)
    killed = subprocess.run([sys.executable, "-c", KILLED, "record", "1"], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name[0] for path in settings.quarantine.iterdir()] == ["1"]
    deliver("a.tsv", [("先到", 0)])
    ingest(settings.source_folder, settings)
    assert sorted(path.name[0] for path in settings.quarantine.iterdir()) == ["2", "3", "4"]


def test_what_a_kill_left_half_written_goes_when_a_retraction_took_its_number(
    settings: Settings, deliver: Deliver
) -> None:
    deliver("a.tsv", [("先到", 0), ("後到", 1)])
    ingest(settings.source_folder, settings)
    deliver("b.tsv", "text\tlabel\n好吃\t0\n壞列\n")
    killed = subprocess.run([sys.executable, "-c", KILLED, "row", "1"], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    (half_written,) = settings.quarantine.iterdir()
    assert half_written.name.startswith(".2-b.tsv")
    of_the_living = half_written.with_name(f".9-c.tsv.{'0' * 16}.{os.getpid()}.tmp")
    of_the_living.touch()
    assert run(["retract", "--reason", "x", "--accept-small", "a.tsv"]) == 0
    ingest(settings.source_folder, settings)
    assert {path.name for path in settings.quarantine.iterdir()} == {"3-b.tsv.tsv", of_the_living.name}


def test_three_ingests_at_once_end_like_one(settings: Settings, deliver: Deliver) -> None:
    for night in range(4):
        rows = [(f"第{number}篇", (number + night) % 3) for number in range(night * 50, night * 50 + 400)]
        path = deliver(f"{night}.tsv", rows)
        path.write_bytes(path.read_bytes() + b"bad\n")
    command = [sys.executable, "-m", "sentiment", "ingest"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    told = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    taken_in = [delivery["number"] for out, _ in told for delivery in json.loads(out)["deliveries"]]
    assert sorted(taken_in) == [1, 2, 3, 4]
    together = end_state(settings)
    shutil.rmtree(settings.quarantine)
    for left in settings.datasets.glob("ledger.sqlite*"):
        left.unlink()
    ingest(settings.source_folder, settings)
    assert together == end_state(settings)

"""A scoring that is killed, again and again, at every kind of place: no row lost, none twice, nothing done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.killed import AT_CALL

from .conftest import Score, ids, scores_of
from .test_score import expected

PROGRAM = f"""
import os, signal
from sentiment.scoring import ledger, places
from sentiment import cli
ledger.SECONDS_BETWEEN = 1e9  # it is written at the end alone, however slow the machine is
owner, name, calls = {{place}}
{AT_CALL}
cli.run({{command!r}})
"""
PLACES = (
    "places.FolderPlace, 'write', 5",  # before the first shard's file: the places' own files come first
    "ledger.Ledger, 'add', 3",  # behind the third shard's file, before it is recorded
    "places.FolderPlace, 'write', 4",  # before another shard
    "ledger.Ledger, 'write', 1",  # when all are there, and no ledger
)


@pytest.mark.slow
def test_kills_lose_nothing_and_double_nothing(score: Score, archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores"
    command = ["score", "--source", str(archive), "--output", str(output), "--engine", "local", "--shard-rows", "10"]
    files = [0]
    for place in PLACES:
        program = PROGRAM.format(place=place, command=command)
        child = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), check=False, capture_output=True)
        assert child.returncode == -signal.SIGKILL, child.stderr
        files.append(len(list(output.glob("version-2/data/*.parquet"))))
        assert not (output / "current.json").exists()
    assert files == sorted(files) and files[-1] > files[1], "each goes on where the one before was killed"
    made = {path: path.stat().st_mtime_ns for path in output.glob("version-2/data/*.parquet")}
    result = score()
    assert (result["shards_new"], result["rows"], result["current"]) == (0, 88, 2)
    assert ids(scores_of(output)) == expected(archive)
    assert made == {path: path.stat().st_mtime_ns for path in output.glob("version-2/data/*.parquet")}

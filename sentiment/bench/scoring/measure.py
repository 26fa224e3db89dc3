"""Starts one way over one archive in a process of its own, and says what it took."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment import processes
from sentiment.bench.data import Failed
from sentiment.bench.scoring.models import LONGEST, Measurable
from sentiment.bench.scoring.ways import PIPELINE, RAY, SHARD_ROWS
from sentiment.bench.speed import tools
from sentiment.model.scoring import BATCH_SIZE
from sentiment.settings import CHECKOUT
from sentiment.step import say

POSTS, TEXTS = "posts.parquet", "texts.jsonl"
RAY_PYTHON = CHECKOUT / ".venv-score" / "bin" / "python"
MODULE = "sentiment.bench.scoring.ways"
SEED = 7
SHARDS = 4  # of a small archive, so that there is work for more than one copy of the model
LEAST_OF_A_SHARD = 500  # rows


@dataclass(frozen=True)
class Measured:
    """One way at one size. `cpu_seconds` and `peak_mb` are None for Ray, whose work is done by other processes."""

    model: str
    rows: int
    way: str
    seconds: float
    cpu_seconds: float | None
    peak_mb: float | None

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / max(self.seconds, 1e-9)


@dataclass(frozen=True)
class Archive:
    """Posts in one Parquet file, and the same texts for tools that read no Parquet."""

    folder: Path
    rows: int

    @property
    def posts(self) -> Path:
        return self.folder / "archive"

    @property
    def texts(self) -> Path:
        return self.folder / TEXTS

    @property
    def shard_rows(self) -> int:
        return min(SHARD_ROWS, max(LEAST_OF_A_SHARD, -(-self.rows // SHARDS)))


def make_archive(folder: Path, texts: Sequence[str], rows: int) -> Archive:
    """Writes `rows` posts, drawn from `texts` with repetition, a part at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    draw, made = random.Random(SEED), Archive(folder, rows)
    made.posts.mkdir(parents=True)
    schema = pa.schema({"id": pa.string(), "text": pa.string()})
    with parquet.ParquetWriter(made.posts / POSTS, schema) as writer, made.texts.open("w", encoding="utf-8") as lines:
        for first in range(0, rows, made.shard_rows):
            ids = [f"post-{number}" for number in range(first, min(first + made.shard_rows, rows))]
            drawn = draw.choices(texts, k=len(ids))
            writer.write_table(pa.table({"id": ids, "text": drawn}, schema))
            lines.writelines(f"{json.dumps(text, ensure_ascii=False)}\n" for text in drawn)
    return made


def measure(way: str, model: Measurable, archive: Archive, python: Path | None) -> Measured:
    """Has one way score an archive; `python` is the one that has PyTorch. Raises: Failed."""
    output = archive.folder / way
    figures = output.with_suffix(".json")
    if way == PIPELINE:
        assert python and model.theirs
        given = {"model": str(model.theirs), "texts": str(archive.texts), "max_seq_length": LONGEST}
        command = [*tools.script(python, "pipeline_score"), json.dumps(given | _of_all(figures))]
    else:
        given = {"model": str(model.ours), "archive": str(archive.posts), "output": str(output), "way": way}
        told = json.dumps(given | _of_all(figures) | {"shard_rows": archive.shard_rows})
        command = [str(RAY_PYTHON if way == RAY else sys.executable), "-P", "-m", MODULE, told]
    _run(command, way)
    seconds, cpu_seconds, peak_bytes = json.loads(figures.read_text(encoding="utf-8"))
    elsewhere = way == RAY
    found = Measured(
        model.name, archive.rows, way, round(seconds, 3), None if elsewhere else round(cpu_seconds, 3),
        None if elsewhere else round(peak_bytes / 2**20, 1),
    )  # fmt: skip
    memory = "" if found.peak_mb is None else f", {found.peak_mb:,.0f} MB"
    say(f"{model.name}, {archive.rows:,} rows, {way}: {seconds:,.1f} s{memory}")
    return found


def _of_all(figures: Path) -> dict[str, object]:
    return {"figures": str(figures), "batch_size": BATCH_SIZE}


def _run(command: Sequence[str], way: str) -> None:
    """Runs a command. Raises: Failed."""
    # Ray's workers are nice by themselves, and would wait for whatever runs beside them, which the other ways do not.
    environment = dict(os.environ) | {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    process = processes.start(command, env=environment, stdout=subprocess.DEVNULL)
    if status := process.wait():
        raise Failed(f"the way {way} was not measured: {processes.why_ended(status, ())}")

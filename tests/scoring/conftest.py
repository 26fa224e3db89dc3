"""A home with two published versions, and an archive of posts in every form that is read."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from support.small_homes import release
from support.toy_model import (  # noqa: F401
    TOY,
    posts,
    toy_encoder,
    toy_encoder_everywhere,
    toy_files,
    toy_model,
    toy_result,
)

from sentiment import cli
from sentiment.labels import Labels
from sentiment.settings import Settings

TEXTS = ["真的好吃", "很爛", "請問在哪", "好棒", "難吃", "普通", "超棒", "幾點開"]


def rows_of(number: int, name: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{name}-{row}",
            "text": TEXTS[row % len(TEXTS)],
            "source": ("ptt", "dcard")[row % 2],
            "time": f"2026-{1 + row % 3:02d}-05T08:00:00+08:00",
            "likes": row,
        }
        for row in range(number)
    ]


def delimited(rows: list[dict[str, Any]], delimiter: str) -> bytes:
    content = io.StringIO()
    writer = csv.DictWriter(content, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return content.getvalue().encode()


def json_lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def zstandard(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    packed_content: bytes = sink.getvalue().to_pybytes()
    return packed_content


def fill(folder: Path) -> int:
    """Writes a file of each form; returns how many posts there are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.tsv").write_bytes(delimited(rows_of(25, "a"), "\t"))
    (folder / "b.csv.gz").write_bytes(gzip.compress(delimited(rows_of(12, "b"), ",")))
    (folder / "c.tsv.bz2").write_bytes(bz2.compress(delimited(rows_of(7, "c"), "\t")))
    (folder / "d.jsonl.zst").write_bytes(zstandard(json_lines(rows_of(11, "d"))))
    (folder / "deep").mkdir(exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows_of(33, "e")), folder / "deep" / "e.parquet", row_group_size=9)
    return 25 + 12 + 7 + 11 + 33


@pytest.fixture(scope="session")
def other_model(toy_files: Any, toy_encoder: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A model that learned less, and so answers otherwise."""
    from sentiment.training.hyperparameters import choose
    from sentiment.training.train import train
    from sentiment.training.training_files import Files

    files = Files(toy_files.train, toy_files.test, tmp_path_factory.mktemp("other") / "model")
    settings = choose("custom", TOY, num_epochs=1, learning_rate=0.01, batch_size=8, max_seq_length=16, seed=5)
    train(files, settings, Labels())
    return files.output


@pytest.fixture
def home(tmp_path: Path, toy_model: Path, other_model: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:  # noqa: F811
    """Version 1 is the model that learned less, version 2 the toy model, which is stable."""
    settings = Settings(home=tmp_path / "home", serving_urls="")
    release(settings, 1, other_model)
    release(settings, 2, toy_model)
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    return settings


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    fill(tmp_path / "archive")
    return tmp_path / "archive"


Score = Callable[..., dict[str, Any]]


@pytest.fixture
def score(home: Settings, archive: Path, tmp_path: Path) -> Score:
    """Runs the verb in this process, with shards of 10 rows; returns its result."""

    def run(*options: str, code: int = 0, source: str | Path = archive, output: str | Path = "") -> dict[str, Any]:
        result = tmp_path / "result.json"
        result.unlink(missing_ok=True)
        asked = ["--source", str(source), "--output", str(output or tmp_path / "scores"), "--engine", "local"]
        rows = [] if "--shard-rows" in options else ["--shard-rows", "10"]
        assert cli.run(["score", *asked, *rows, "--result", str(result), *options]) == code
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found

    return run


def scores_of(root: Path, version: int = 2) -> pa.Table:
    """All scores as the ledger lists them."""
    folder = root / f"version-{version}"
    lines = (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    shards = [json.loads(line) for line in lines]
    tables = [parquet.read_table(folder / "data" / f"{one['id']}-{one['index']:06d}.parquet") for one in shards]
    ours = ["id", "text", *(name for name in tables[0].column_names if name.startswith("sentiment_"))]
    return pa.concat_tables([table.select(ours) for table in tables])


def scores_of_rows(root: Path, version: int = 2) -> list[int]:
    """The places in their files that the scores name, of an archive of one file."""
    rows: list[int] = scores_of_files(root, version).column("sentiment_row").to_pylist()
    return rows


def scores_of_files(root: Path, version: int) -> pa.Table:
    return pa.concat_tables([parquet.read_table(path) for path in sorted((root / f"version-{version}/data").iterdir())])


def ids(table: pa.Table) -> list[str]:
    return sorted(table.column("id").to_pylist())

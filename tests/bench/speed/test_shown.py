"""The table of a comparison, who is in it, and the environment that the others need."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sentiment.bench.speed import predict, shown, tools
from sentiment.bench.speed.common import Bench, posts_of
from sentiment.bench.speed.machine import processor_of
from sentiment.bench.speed.turns import Compared, Spread
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.labels import Labels

OURS = Compared("ours", Spread(120, 110, 130), None, Spread(0.8, 0.8, 0.8), 3.21, 900_000_000)
OTHER = Compared(
    "other", Spread(100, 90, 105), Spread(1.2, 1.1, 1.31), Spread(0.8, 0.79, 0.81), 4, 2_000_000_000, 0.0125
)


def bench(folder: Path, python: Path | None, *packages: str) -> Bench:
    told = "model name: X\nflags: avx512_bf16\n"
    return Bench(folder, processor_of(told, 2), python, dict.fromkeys(packages, "1.0"))


def test_the_table_has_medians_with_their_spread_and_shares() -> None:
    table = shown.table_of("title", [OURS, OTHER], {"ours": 0.314, "other": 0.2}, ["a note"])
    assert table.best == 0
    assert table.rows == [
        ["ours", "120.0 (110.0–130.0)", "", "0.8000", "", "3.2", "900.0 MB", "31 %"],
        [
            *("other", "100.0 (90.0–105.0)", "1.20 (1.10–1.31)", "0.8000 (0.7900–0.8100)"),
            *("1.25 %", "4.0", "2.0 GB", "20 %"),
        ],
    ]
    stopped = Compared("other", OTHER.rate, OTHER.ratio, OTHER.accuracy, 4, 5, why="out of memory")
    assert shown.table_of("", [OURS, stopped], {}, []).notes == ["other: stopped: out of memory"]


def test_those_whose_packages_are_not_there_are_not_asked(tmp_path: Path) -> None:
    def names(python: Path | None, *packages: str) -> list[str]:
        found = predict.ways_of(bench(tmp_path, python, *packages), {}, tmp_path, tmp_path)
        return [way.name for way in found]

    torch = ["PyTorch, sorted by length", "PyTorch, sorted by length, bf16"]
    assert names(None) == ["ours"]
    assert names(Path("p"), "torch") == ["ours", *torch]
    assert names(Path("p"), "torch", "onnxruntime", "openvino") == [
        *("ours", *torch, "ONNX Runtime", "ONNX Runtime, int8", "OpenVINO")
    ]


def test_the_notes_name_versions_and_how_to_get_the_others(tmp_path: Path) -> None:
    rates = {"float32": 94e9, "bfloat16": 441e9}
    alone = bench(tmp_path, None).notes(rates, "in turn")
    assert alone[0].startswith("X, 2 cores; multiplies bf16 natively")
    assert "94 billion operations a second in float32, 441 billion operations a second in bfloat16" in alone[1]
    assert alone[-1].startswith("not all are here: `make bench-tools`")
    assert "other torch 1.0" in bench(tmp_path, Path("p"), "torch").notes(rates, "in turn")[-1]


def test_the_versions_are_those_of_the_other_python(tmp_path: Path) -> None:
    assert set(tools.versions_of(Path(sys.executable))) <= set(tools.PACKAGES)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    with pytest.raises(InputError, match="must be a Python that runs"):
        tools.versions_of(broken)


def test_posts_are_drawn_by_the_seed_and_lose_their_titles(tmp_path: Path) -> None:
    write_posts(tmp_path / "posts.tsv", [Post(f"第{number}篇", number % 3, "標題") for number in range(30)])
    drawn = [posts_of(tmp_path / "posts.tsv", Labels(), 5, seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 5 and {post.title for post in drawn[0]} == {""}
    assert len(posts_of(tmp_path / "posts.tsv", Labels(), 99, 1)) == 30

"""`sentiment compare-scores`: figures that follow from the two versions' rows, and the page that shows them."""

from __future__ import annotations

import json
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sentiment import cli
from sentiment.results.scoring import Direction, Example, Part, ScoresCompared
from sentiment.scoring.changed import Changes, _sources
from sentiment.scoring.columns import Columns
from sentiment.scoring.months import months_of
from sentiment.scoring.page import render

from .conftest import Score, delimited, rows_of, scores_of


def compared(tmp_path: Path, *versions: str, code: int = 0) -> dict[str, Any]:
    result = tmp_path / "compared.json"
    command = ["compare-scores", *versions, "--scores", str(tmp_path / "scores"), "--result", str(result)]
    assert cli.run(command) == code
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def test_the_page_says_what_the_rows_say(score: Score, archive: Path, tmp_path: Path) -> None:
    score("--version", "1")
    (archive / "f.tsv").write_bytes(delimited(rows_of(3, "f"), "\t"))
    score()
    found = compared(tmp_path, "1", "stable")
    before, after = (
        {row["id"]: row["sentiment_label_id"] for row in scores_of(tmp_path / "scores", version).to_pylist()}
        for version in (1, 2)
    )
    flipped = sum(after[name] != label for name, label in before.items())
    assert (found["posts"], found["flipped"], found["only_before"], found["only_after"]) == (88, flipped, 0, 3)
    assert 0 < flipped < 88
    assert sum(one["posts"] for one in found["directions"]) == flipped
    assert {part["name"] for part in found["sources"]} == {"ptt", "dcard"}
    assert [part["name"] for part in found["months"]] == ["2026-01", "2026-02", "2026-03"]
    counted = np.bincount([after[name] for name in before], minlength=3).tolist()
    assert np.sum([part["after"] for part in found["months"]], axis=0).tolist() == counted
    page = Path(found["page"]).read_text(encoding="utf-8")
    assert "of 88 posts otherwise than version 1" in page and found["examples"][0]["text"] in page
    assert len(re.findall(r"<svg", page)) == 3, "a trend line for each label"
    assert not re.search(r"<script|https?://|src=", page), "it needs nothing from elsewhere"
    assert json.loads(Path(found["page"]).with_suffix(".json").read_text(encoding="utf-8")) == found


def test_versions_without_scores_are_one_line(score: Score, tmp_path: Path) -> None:
    score()
    assert "must hold scores of version 1; found none" in compared(tmp_path, "1", "2", code=2)["error"]
    assert "a version must be stable" in compared(tmp_path, "best", "2", code=2)["error"]


def test_a_version_is_compared_with_the_one_before_that_has_scores(
    score: Score, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score()
    asked = ("--version", "stable")
    assert compared(tmp_path, *asked) == {"after": 2, "nothing_to_compare": True}
    score("--version", "1")
    found = compared(tmp_path, *asked)
    assert (found["before"], found["after"], found["posts"], found["nothing_to_compare"]) == (1, 2, 88, False)
    page = Path(found["page"])
    page.unlink()
    (data := tmp_path / "scores/version-1/data").rename(kept := tmp_path / "kept")
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    assert compared(tmp_path, *asked) == found, "nothing is read again that has not changed"
    assert "在 88 則貼文中，第 2 版" in page.read_text(encoding="utf-8"), "the page is drawn again"
    monkeypatch.delenv("SENTIMENT_LANGUAGE")
    kept.rename(data)
    (archive / "f.tsv").write_bytes(delimited(rows_of(3, "f"), "\t"))
    score()
    assert compared(tmp_path, *asked)["only_after"] == 3 and page.exists()


@pytest.mark.parametrize("asked", [(), ("1",), ("1", "2", "--version", "2"), ("1", "2", "1")])
def test_two_versions_or_one_by_its_option(score: Score, tmp_path: Path, asked: tuple[str, ...]) -> None:
    assert "there must be two versions, A and B, or --version alone" in compared(tmp_path, *asked, code=2)["error"]


def test_other_shards_are_not_comparable(score: Score, tmp_path: Path) -> None:
    """As an earlier release left them, which took any number of rows for each version."""
    score()
    score("--version", "1", output=tmp_path / "elsewhere")
    (tmp_path / "elsewhere/version-1").rename(tmp_path / "scores/version-1")
    about = tmp_path / "scores/version-1/version.json"
    about.write_text(about.read_text(encoding="utf-8").replace('"shard_rows": 10', '"shard_rows": 20'))
    said = compared(tmp_path, "1", "2", code=2)["error"]
    assert "shards of as many rows" in said and "Score both into one new --output" in said


def test_a_version_is_not_compared_with_itself(score: Score, tmp_path: Path) -> None:
    score()
    for which in ("2", "stable"):
        said = compared(tmp_path, which, "2", code=2)["error"]
        assert said.startswith("there must be two different versions, A and B; found version 2 twice.")


def test_a_file_of_scores_that_was_changed_is_told(score: Score, tmp_path: Path) -> None:
    score("--version", "1")
    score()
    path = next((tmp_path / "scores/version-2/data").iterdir())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    said = compared(tmp_path, "1", "2", code=2)["error"]
    assert f"{path} must hold the scores that were written; found another content" in said


def table(rows: list[int], labels: list[int], texts: list[str] | None = None) -> pa.Table:
    chances = np.full((len(rows), 3), 0.1, np.float32)
    chances[np.arange(len(rows)), labels] = 0.8
    columns = {"sentiment_row": pa.array(rows, pa.int64()), "sentiment_label_id": pa.array(labels, pa.int8())}
    columns |= {f"sentiment_p{label}": pa.array(chances[:, label]) for label in range(3)}
    return pa.table({"text": texts, **columns} if texts else columns)


def test_rows_that_one_version_put_aside_do_not_shift_the_others() -> None:
    changes = Changes(3)
    changes.add(table([0, 1, 3], [0, 0, 1]), table([1, 2, 3], [2, 0, 1], ["甲", "乙", "<b>"]), Columns())
    assert changes.total.tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert (changes.only_before, changes.only_after) == (1, 1)
    [example] = changes.examples()
    assert (example.text, example.before, example.after) == ("甲", 0, 2)


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
@pytest.mark.parametrize("column", ["source", "time", "text"])
def test_a_word_that_stands_for_many_rows_is_made_once_and_only_its_beginning(column: str, kind: pa.DataType) -> None:
    words = pa.array([f"2026-{1 + word % 9:02d}-05 😀{'長' * 20_000}".encode() for word in range(20)]).cast(kind)
    rows = 4_000
    posts = pa.DictionaryArray.from_arrays(pa.array([row % 20 for row in range(rows)], pa.int32()), words)
    before, after = table(list(range(rows)), [0] * rows), table(list(range(rows)), [0] * (rows - 1) + [1], ["a"] * rows)
    after = after.set_column(0, column, posts) if column == "text" else after.add_column(1, column, posts)
    changes, pool = Changes(3), pa.proxy_memory_pool(pa.default_memory_pool())
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        changes.add(before, after, Columns())
        _, python = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
    assert python + pool.max_memory() < 8 << 20, "all rows have 240 MB"
    assert len(changes.of_sources) == (9 if column == "source" else 1)
    months = [f"2026-{month:02d}" for month in range(1, 10)]
    assert sorted(changes.of_months) == (months if column == "time" and kind == pa.string() else [""])
    [example] = changes.examples()
    assert getattr(example, column).startswith("2026-02-05 😀長長") and getattr(example, column).endswith("長…")


def test_a_source_is_told_as_before_whatever_its_type() -> None:
    def sources(values: pa.Array) -> list[str]:
        return list(_sources(pa.table({"source": values}), 0))

    long = " " * 200 + "好" * 100
    texts = pa.array(["ptt ", None, "", long, "dcard"])
    for found in (texts, texts.dictionary_encode(), texts.cast(pa.large_string()), texts.cast(pa.binary())):
        assert sources(found) == ["ptt", "", "", "好" * 60, "dcard"]
    assert sources(pa.array(["ab", None, "ab"], pa.binary(2)).dictionary_encode()) == ["ab", "", "ab"]
    assert sources(pa.array([b"a\xff"]).cast(pa.string(), safe=False)) == ["a\ufffd"]
    assert sources(pa.array([1, None, 3])) == ["1", "", "3"]
    assert sources(pa.array([[1], None])) == ["", ""]


@pytest.mark.parametrize(
    ("values", "months"),
    [
        (["2026-11-05", "2026/03/01 08:00", "20251231", "2026-11", "昨天", None, "2026-13-01"],
         ["2026-11", "2026-03", "2025-12", "2026-11", "", "", ""]),
        ([1767225600, 1767225600_000, 1767225600_000_000, None], ["2026-01", "2026-01", "2026-01", ""]),
        ([1.5], [""]),
    ],
)  # fmt: skip
def test_months_of_times_as_people_write_them(values: list[Any], months: list[str]) -> None:
    column = pa.array(values)
    for found in (column, column.dictionary_encode()):
        assert months_of(pa.chunked_array([found[:1], found[1:], found[:0]])).to_pylist() == months


def test_a_time_with_a_zone_is_taipeis() -> None:
    late = pa.chunked_array([pa.array([datetime(2025, 12, 31, 23, 59, tzinfo=UTC)], pa.timestamp("us", "UTC"))])
    assert months_of(late).to_pylist() == ["2026-01"], "the last minute of December in London"


HOSTILE = "ptt\u202egro.kcah\x1b[31m\n\u2066x"


def test_the_name_of_a_source_has_no_control_or_direction_characters() -> None:
    names = pa.table({"source": [HOSTILE, "ptt\u200b", "ptt", "\u202e"]})
    assert list(_sources(names, 0)) == ["pttgro.kcah [31m x", "ptt", "ptt", ""]


def test_what_a_file_of_figures_says_is_shown_without_them() -> None:
    """Whoever can write there writes that file, too; the Models page draws it for people who are logged in."""
    part = Part(name=HOSTILE, posts=2, flipped=1, before=[1, 1], after=[2, 0])
    example = Example(before=0, after=1, sure_before=0.9, sure_after=0.9, text=HOSTILE, source=HOSTILE, time=HOSTILE)
    drawn = render(ScoresCompared(
        at=HOSTILE, before=1, after=2, labels=[HOSTILE, "負面"], posts=2, flipped=1, only_before=0, only_after=0,
        directions=[Direction(before=0, after=1, posts=1)], sources=[part], more_sources=0,
        months=[part, part], examples=[example],
    ))  # fmt: skip
    assert "pttgro.kcah" in drawn and not set("\u202e\x1b\u2066") & set(drawn)

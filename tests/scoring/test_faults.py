"""What fails while an archive is scored: a disk that fills up, a file that changes; and what `forget` finds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from support.small_disk import small_disk

from sentiment import cli
from sentiment.data.identity import identity
from sentiment.scoring import reader
from sentiment.scoring.asked import Wanted

from .conftest import Score, delimited, ids, json_lines, rows_of, scores_of
from .test_score import expected


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_the_next_run_goes_on(
    score: Score, archive: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (archive / "z.tsv").write_bytes(delimited(rows_of(2000, "z"), "\t"))
    with small_disk(tmp_path / "small", 100 << 10) as disk:
        said = score(output=disk / "scores", code=1)["error"]
        assert "must have room" in said and "\n" not in said
        kept = list((disk / "scores/version-2/data").iterdir())
        assert kept and all(path.suffix == ".parquet" for path in kept), "nothing half made is left"
        subprocess.run(["mount", "-o", "remount,size=10m", str(disk)], check=True)
        result = score(output=disk / "scores")
        assert (result["rows"], result["complete"]) == (2088, True)
        assert ids(scores_of(disk / "scores")) == sorted([*expected(archive), *(f"z-{row}" for row in range(2000))])


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    score: Score, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = reader.pieces, archive / "a.tsv"

    def meanwhile(file: BinaryIO, wanted: Wanted) -> Iterator[reader.Piece]:
        for piece in whole(file, wanted):
            if wanted.name == "a.tsv" and piece.first:
                path.write_bytes(delimited(rows_of(6, "later"), "\t"))
            yield piece

    monkeypatch.setattr(reader, "pieces", meanwhile)
    result = score()
    assert (list(result["left"]), result["complete"], result["current"]) == (["a.tsv"], False, None)
    monkeypatch.undo()
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    assert score()["rows"] == 63 + 6
    found = ids(scores_of(tmp_path / "scores"))
    assert not any(name.startswith("a-") for name in found) and "later-5" in found


def test_forget_names_the_scores_that_hold_a_text(
    score: Score,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = "這是我的名字和地址請刪除"
    (archive / "f.tsv").write_text(f"text\tid\n{secret}\t1\n好吃\t2\n", encoding="utf-8")
    score()
    monkeypatch.setenv("SENTIMENT_SCORES", str(tmp_path / "scores"))
    result = tmp_path / "forgotten.json"
    assert cli.run(["forget", secret, "--reason", "asked", "--result", str(result)]) == 0
    [named] = json.loads(result.read_text(encoding="utf-8"))["scores"]
    assert Path(named["file"]).parent == tmp_path / "scores/version-2/data"
    assert (named["versions"], named["archive_file"]) == ([2], str(archive / "f.tsv"))
    assert (
        f"take the post out of {archive / 'f.tsv'}, and give `sentiment score --version 2` again "
        "(with --drop-gone, if you remove that file)"
    ) in capsys.readouterr().err
    (archive / "f.tsv").write_text("text\tid\n好吃\t2\n", encoding="utf-8")
    score()
    assert cli.run(["forget", secret, "--reason", "asked", "--result", str(result)]) == 0
    assert json.loads(result.read_text(encoding="utf-8"))["scores"] == []


def test_forget_finds_a_text_that_a_comparison_or_a_row_put_aside_shows_cut_short(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (source := tmp_path / "long").mkdir()
    secret, other = ("真的好吃" + "好" * 3_000 + end for end in ("我", "你"))
    rows = [{"text": secret, "note": "0"}, {"note": "x" * 1_990, "sentiment_x": "", "text": secret}, {"text": "普通"}]
    (source / "a.jsonl").write_bytes(json_lines(rows))
    (source / "b.tsv").write_text(
        f"text\tid\n好吃\t1\n短\t2\t{'x' * 1_900}真的很想吃的一家店{secret}\n", encoding="utf-8"
    )
    score("--version", "1", source=source)
    score(source=source)
    monkeypatch.setenv("SENTIMENT_SCORES", str(tmp_path / "scores"))
    assert cli.run(["compare-scores", "1", "2"]) == 0
    comparison = tmp_path / "scores/changed-1-2.json"
    figures = json.loads(comparison.read_text(encoding="utf-8"))
    [example] = [one for one in figures["examples"] if one["text"].startswith("真的好吃好")] or [None]
    if example is None:  # the toys agree about it
        example = {"before": 0, "after": 1, "sure_before": 0.9, "sure_after": 0.9, "source": "", "time": ""}
        example |= {"text": secret[:239] + "…", "text_id": identity(secret)}
        comparison.write_text(json.dumps({**figures, "examples": [example]}), encoding="utf-8")
    assert len(example["text"]) == 240 and example["text_id"] == identity(secret)

    def named(text: str) -> set[tuple[str, tuple[int, ...]]]:
        result = tmp_path / "forgotten.json"
        assert cli.run(["forget", text, "--reason", "asked", "--dry-run", "--result", str(result)]) == 0
        found = json.loads(result.read_text(encoding="utf-8"))["scores"]
        return {(Path(one["file"]).suffix, tuple(one["versions"])) for one in found}

    of_versions = {(suffix, (version,)) for suffix in (".parquet", ".jsonl") for version in (1, 2)}
    assert named(secret) == of_versions | {(".json", (1, 2)), (".html", (1, 2))}
    assert "when both versions are scored again, give `sentiment compare-scores 1 2` again" in capsys.readouterr().err
    assert named(other) == {(".jsonl", (1,)), (".jsonl", (2,))}, (
        "of a row of a broken file, only its beginning is known"
    )
    del example["text_id"]
    comparison.write_text(json.dumps({**figures, "examples": [example]}), encoding="utf-8")
    assert (".html", (1, 2)) in named(secret), "an older comparison is found by what it shows"

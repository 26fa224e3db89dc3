"""What fails while an archive is scored: a disk that fills up, a file that changes; and what `forget` finds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.small_disk import small_disk

from sentiment import cli
from sentiment.scoring import rows

from .conftest import Score, delimited, ids, rows_of, scores_of
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
    whole, path = rows.pieces, archive / "a.tsv"

    def meanwhile(file, name, *arguments):  # type: ignore[no-untyped-def]
        for piece in whole(file, name, *arguments):
            if name == "a.tsv" and piece.first:
                path.write_bytes(delimited(rows_of(6, "later"), "\t"))
            yield piece

    monkeypatch.setattr(rows, "pieces", meanwhile)
    result = score()
    assert (list(result["left"]), result["complete"], result["current"]) == (["a.tsv"], False, None)
    monkeypatch.undo()
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    assert score()["rows"] == 63 + 6
    found = ids(scores_of(tmp_path / "scores"))
    assert not any(name.startswith("a-") for name in found) and "later-5" in found


def test_forget_names_the_scores_that_hold_a_text(
    score: Score, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "這是我的名字和地址請刪除"
    (archive / "f.tsv").write_text(f"text\tid\n{secret}\t1\n好吃\t2\n", encoding="utf-8")
    score()
    monkeypatch.setenv("SENTIMENT_SCORES", str(tmp_path / "scores"))
    result = tmp_path / "forgotten.json"
    assert cli.run(["forget", secret, "--reason", "asked", "--result", str(result)]) == 0
    [named] = json.loads(result.read_text(encoding="utf-8"))["scores"]
    assert Path(named).parent == tmp_path / "scores/version-2/data"
    (archive / "f.tsv").write_text("text\tid\n好吃\t2\n", encoding="utf-8")
    score()
    assert cli.run(["forget", secret, "--reason", "asked", "--result", str(result)]) == 0
    assert json.loads(result.read_text(encoding="utf-8"))["scores"] == []

"""`sentiment score` on an archive in every form: each post once, with the answers that `predict` gives."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from sentiment import cli
from sentiment.errors import InputError
from sentiment.scoring.list_of_shards import read
from sentiment.scoring.places import place_of
from sentiment.settings import Settings

from .conftest import Score, delimited, fill, ids, json_lines, rows_of, scores_of, scores_of_rows


def expected(archive: Path) -> list[str]:
    return sorted(
        f"{name}-{row}" for name, number in zip("abcde", (25, 12, 7, 11, 33), strict=True) for row in range(number)
    )


def test_every_post_is_scored_once_with_its_columns(score: Score, archive: Path, tmp_path: Path) -> None:
    result = score()
    table = scores_of(tmp_path / "scores")
    assert ids(table) == expected(archive)
    assert (result["rows"], result["rows_aside"], result["files_finished"], result["complete"]) == (88, 0, 5, True)
    chances = np.stack([table.column(f"sentiment_p{label}").to_numpy() for label in range(3)], 1)
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-4)
    assert (chances.argmax(axis=1) == table.column("sentiment_label_id").to_numpy()).all()
    assert set(table.column("sentiment_version").to_pylist()) == {2}
    whole = parquet.read_table(next((tmp_path / "scores/version-2/data").glob("*.parquet")))
    assert {"id", "text", "source", "time", "likes"} < set(whole.column_names)


def test_the_answers_are_those_of_predict(score: Score, home: Settings, archive: Path, tmp_path: Path) -> None:
    score()
    answers = tmp_path / "answers.jsonl"
    model = str(home.trained / "2")
    command = [
        "predict",
        "--model",
        model,
        "--data",
        str(archive / "a.tsv"),
        "--output",
        str(answers),
        "--format",
        "jsonl",
    ]
    assert cli.run(command) == 0
    predicted = [json.loads(line)["probabilities"]["正面"] for line in answers.read_text(encoding="utf-8").splitlines()]
    table = scores_of(tmp_path / "scores").to_pylist()
    found = {row["id"]: row["sentiment_p0"] for row in table}
    assert np.allclose([found[f"a-{row}"] for row in range(25)], predicted, atol=1e-5)


def test_the_second_run_computes_nothing_and_a_new_file_alone(score: Score, archive: Path, tmp_path: Path) -> None:
    score()
    data = tmp_path / "scores/version-2/data"
    before = {path.name: path.stat().st_mtime_ns for path in data.iterdir()}
    assert score()["shards_new"] == 0
    (archive / "f.tsv").write_bytes(delimited(rows_of(3, "f"), "\t"))
    result = score()
    assert (result["shards_new"], result["rows_new"], result["rows"]) == (1, 3, 91)
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in data.iterdir()}.items()


def test_a_touched_file_is_not_scored_again(score: Score, archive: Path) -> None:
    score()
    os.utime(archive / "a.tsv", (1, 1))
    assert score()["shards_new"] == 0


def test_a_changed_file_replaces_its_scores(score: Score, archive: Path, tmp_path: Path) -> None:
    score()
    (archive / "a.tsv").write_bytes(delimited(rows_of(4, "new"), "\t"))
    result = score()
    assert result["rows"] == 88 - 25 + 4
    found = ids(scores_of(tmp_path / "scores"))
    assert [name for name in found if name.startswith(("a-", "new-"))] == [f"new-{row}" for row in range(4)]
    listed = (tmp_path / "scores/version-2/ledger.jsonl").read_text().splitlines()
    assert len(list((tmp_path / "scores/version-2/data").iterdir())) == len(listed)


def test_what_is_gone_stays_until_somebody_says_so(score: Score, archive: Path, tmp_path: Path) -> None:
    score()
    (archive / "a.tsv").unlink()
    result = score()
    assert (result["rows"], result["not_in_archive"]) == (88, ["a.tsv"])
    result = score("--drop-gone")
    assert (result["rows"], result["not_in_archive"]) == (63, [])
    assert not any(name.startswith("a-") for name in ids(scores_of(tmp_path / "scores")))


def test_the_ledger_has_the_sums_of_the_files(score: Score, tmp_path: Path) -> None:
    score()
    folder = tmp_path / "scores/version-2"
    for line in (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines():
        shard = json.loads(line)
        content = (folder / "data" / f"{shard['id']}-{shard['index']:06d}.parquet").read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (shard["sha256"], shard["bytes"])
        assert shard["scored"] + shard["aside"] == shard["rows"]
        assert shard["path"] == f"data/{shard['id']}-{shard['index']:06d}.parquet"


def test_a_path_in_a_ledger_is_made_of_its_names_whatever_stands_there(score: Score, tmp_path: Path) -> None:
    """An older line has none; one that leads elsewhere would let `--drop-gone` remove another file."""
    score()
    ledger = tmp_path / "scores/version-2/ledger.jsonl"
    before = ledger.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in before.splitlines()]
    del lines[0]["path"]
    lines[1]["path"] = "../../archive/a.tsv"
    ledger.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert score()["shards_new"] == 0
    assert ledger.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("scored", 90), ("aside", 7), ("rows", 99), ("first", 4), ("sha256", "0" * 9), ("last", False)],
)
def test_a_line_of_a_ledger_that_is_not_as_it_was_written_is_read_from_its_scores(
    score: Score, tmp_path: Path, field: str, value: object
) -> None:
    """As it was, a count with another digit was told and kept."""
    whole = score()
    ledger = tmp_path / "scores/version-2/ledger.jsonl"
    before = ledger.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in before.splitlines()]
    lines[0][field] = value
    ledger.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert score("--only-point")["rows"] == whole["rows"]
    result = score()
    assert (result["shards_new"], result["rows"], result["complete"]) == (0, whole["rows"], True)
    assert ledger.read_text(encoding="utf-8") == before


def test_a_ledger_of_an_earlier_version_is_read_and_one_that_does_not_add_up_is_not(
    score: Score, tmp_path: Path
) -> None:
    """It has no sums; what does not add up is read from the scores."""
    whole = score()
    ledger = tmp_path / "scores/version-2/ledger.jsonl"
    before = ledger.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in before.splitlines()]
    assert all(line.pop("sum") for line in lines)
    lines[1]["scored"] += 80
    ledger.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    result = score()
    assert (result["shards_new"], result["rows"]) == (0, whole["rows"])
    assert ledger.read_text(encoding="utf-8") == before


def test_a_line_that_is_not_as_it_was_written_and_has_no_scores_is_one_line(score: Score, tmp_path: Path) -> None:
    score()
    ledger = tmp_path / "scores/version-2/ledger.jsonl"
    line = json.loads(ledger.read_text(encoding="utf-8").splitlines()[0])
    (tmp_path / "scores/version-2" / line["path"]).unlink()
    ledger.write_text(json.dumps({**line, "scored": 90}) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"must be as it was written; found not that of data/.* Remove that file"):
        read(place_of(str(tmp_path / "scores/version-2")))


def test_scores_that_are_gone_or_cut_are_made_again(score: Score, archive: Path, tmp_path: Path) -> None:
    score()
    first, second, *_ = sorted((tmp_path / "scores/version-2/data").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-10])
    assert score()["shards_new"] == 2
    assert ids(scores_of(tmp_path / "scores")) == expected(archive)


def test_without_a_ledger_the_files_say_what_they_are(score: Score, archive: Path, tmp_path: Path) -> None:
    score()
    before = (tmp_path / "scores/version-2/ledger.jsonl").read_bytes()
    (tmp_path / "scores/version-2/ledger.jsonl").unlink()
    assert score()["shards_new"] == 0
    assert (tmp_path / "scores/version-2/ledger.jsonl").read_bytes() == before


def test_a_rollback_points_readers_back_at_once(score: Score, tmp_path: Path) -> None:
    current = tmp_path / "scores/current.json"
    assert score("--version", "1")["current"] is None, "version 1 is not stable"
    assert score()["current"] == 2
    assert json.loads(current.read_text())["folder"] == "version-2"
    pointed = score("--only-point", "--version", "1")
    assert pointed == {"current": 1, "before": 2, "rows": 88, "asked": 1, "not_scored": False}
    found = json.loads(current.read_text())
    assert (found["version"], found["ledger"], found["complete"]) == (1, "version-1/ledger.jsonl", True)


def test_a_rollback_to_a_version_without_scores_leaves_readers_what_they_have(score: Score, tmp_path: Path) -> None:
    asked = ("--only-point", "--version", "1")
    nothing = {"current": None, "before": None, "rows": 0, "asked": 1, "not_scored": True}
    assert score(*asked, "--if-scored") == nothing
    assert not (tmp_path / "scores").exists()
    score()
    before = (tmp_path / "scores/current.json").read_bytes()
    assert score(*asked, "--if-scored") == {**nothing, "current": 2, "before": 2, "rows": 88}
    assert "must hold scores of version 1" in score(*asked, code=2)["error"]
    assert (tmp_path / "scores/current.json").read_bytes() == before


def test_the_settings_name_the_columns_and_an_option_another(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "named").mkdir()
    (folder / "posts.tsv").write_text("content\tposted\tlater\n真的好吃\t2026-01-01\t2026-02-01\n", encoding="utf-8")
    monkeypatch.setenv("SENTIMENT_ARCHIVE_COLUMNS", "text=content, time=posted")
    assert score(source=folder)["rows"] == 1
    about = json.loads((tmp_path / "scores/version-2/version.json").read_text(encoding="utf-8"))
    assert (about["columns"]["text"], about["columns"]["time"]) == ("content", "posted")
    assert "time later" in score("--time", "later", source=folder, code=2)["error"]


def test_parquet_keeps_its_types(score: Score, tmp_path: Path) -> None:
    source = tmp_path / "typed"
    source.mkdir()
    rows = [{"text": "好吃", "n": 3, "at": None}, {"text": "難吃", "n": None, "at": "x"}]
    parquet.write_table(pa.Table.from_pylist(rows), source / "t.parquet")
    score(source=source)
    [path] = (tmp_path / "scores/version-2/data").iterdir()
    assert parquet.read_table(path).select(["text", "n", "at"]).to_pylist() == rows


def test_titles_and_other_names_of_columns(score: Score, tmp_path: Path) -> None:
    source = tmp_path / "named"
    source.mkdir()
    (source / "t.csv").write_text("內文,標題\n好吃,開箱\n難吃,\n", encoding="utf-8")
    result = score("--text", "內文", "--title", "標題", source=source)
    assert result["rows"] == 2
    assert "gone on with as it was begun" in score(source=source, code=2)["error"]


def test_a_json_line_without_the_text_is_put_aside(score: Score, tmp_path: Path) -> None:
    source = tmp_path / "poisoned"
    source.mkdir()
    rows: list[object] = [{"text": "好吃", "n": 1}, {"n": 2}, {"text": 7}, {"text": " "}, {"text": "\ud83d好"}, [1]]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (source / "p.jsonl").write_bytes(content + b"{broken\n" + b'{"text": "\xff"}\n' + json_lines([{"text": "很爛"}]))
    result = score(source=source)
    assert (result["rows"], result["rows_aside"], result["complete"]) == (3, 6, True)
    [aside] = (tmp_path / "scores/version-2/put-aside").glob("*.jsonl")
    lines = [json.loads(line) for line in aside.read_text(encoding="utf-8").splitlines()]
    assert [(line["sentiment_row"], line["reason"]) for line in lines] == [
        (1, "no text"),
        (2, "the text is no text"),
        (3, "empty text"),
        (5, "not a JSON object but a list"),
        (6, "not JSON"),
        (7, "not UTF-8"),
    ]
    assert scores_of_rows(tmp_path / "scores") == [0, 4, 8], "both count from 0"


def test_poisoned_files_stop_nothing_and_are_told(
    score: Score, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive / "g.tsv").write_text("words\tlabel\n好\t1\n", encoding="utf-8")
    (archive / "h.parquet").write_bytes(b"PAR1 no parquet")
    whole = (archive / "b.csv.gz").read_bytes()
    (archive / "i.csv.gz").write_bytes(whole[: len(whole) - 12])
    (archive / "j.tsv").write_bytes(b"")
    parquet.write_table(pa.table({"text": [1, 2]}), archive / "k.parquet")
    (archive / "readme.md").write_text("no posts", encoding="utf-8")
    result = score()
    assert set(result["put_aside"]) == {"g.tsv", "h.parquet", "i.csv.gz", "j.tsv", "k.parquet"}
    assert "no column text" in result["put_aside"]["g.tsv"]
    assert "cut off" in result["put_aside"]["i.csv.gz"]
    assert [name for name in ids(scores_of(tmp_path / "scores")) if name.startswith("e-")]
    assert (result["files_aside"], result["complete"]) == (5, False)
    current = json.loads((tmp_path / "scores/current.json").read_text(encoding="utf-8"))
    assert (current["version"], current["complete"]) == (2, False), "it stops nothing, and readers can see it"
    assert "NOT all of the archive has scores: of 10 files, 5 could not be read" in capsys.readouterr().err
    kept = json.loads((tmp_path / "scores/version-2/put-aside/files.json").read_text(encoding="utf-8"))
    assert set(kept) == set(result["put_aside"])
    summary = json.loads((tmp_path / "scores/version-2/scored.json").read_text(encoding="utf-8"))
    assert (summary["files_aside"], summary["complete"]) == (5, False)


def test_rows_that_are_not_like_the_header_are_put_aside(score: Score, tmp_path: Path) -> None:
    source = tmp_path / "odd"
    source.mkdir()
    (source / "t.tsv").write_bytes("text\tid\n好吃\t1\n難吃\t2\tmore\n\t3\n".encode() + b"\xff\xfe\t4\n")
    result = score(source=source)
    assert (result["rows"], result["rows_aside"]) == (1, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--version", "9"), "no model in"),
        (("--version", "new"), "a version must be stable, canary, previous or a number"),
        (("--text", "body"), "must have a column body"),
        (("--source", "/nowhere/at/all"), "No such folder: /nowhere/at/all"),
        (("--output", "ftp://x/y"), "a place must be a folder or s3://bucket/prefix"),
        (("--only-point",), "must hold scores of version stable"),
    ],
)
def test_bad_input_is_one_line(score: Score, options: tuple[str, ...], said: str) -> None:
    assert said in score(*options, code=2)["error"]


def test_scores_of_another_model_are_refused(score: Score, home: Settings, other_model: Path) -> None:
    score()
    (home.trained / "2" / "weights.h5").write_bytes((other_model / "weights.h5").read_bytes())
    said = score(code=2)["error"]
    assert "must hold scores of the model that is version 2 here" in said and "\n" not in said


def test_a_folder_of_something_else_is_refused(score: Score, archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    fill(other)
    assert "a new folder, or to one that `sentiment score` made" in score(output=other, code=2)["error"]
    assert "must not lie within the archive" in score(output=archive / "scores", code=2)["error"]


def test_nothing_is_bound_to_a_column_that_no_file_has(score: Score, archive: Path, tmp_path: Path) -> None:
    assert "must have a column WRONG" in score("--text", "WRONG", code=2)["error"]
    assert not (tmp_path / "scores/version-2/version.json").exists()
    assert score()["rows"] == 88


def test_what_no_finished_shard_holds_to_is_replaced(score: Score, archive: Path, tmp_path: Path) -> None:
    """As a run leaves it that was killed before its first shard."""
    score("--text", "text", "--title", "id")
    folder = tmp_path / "scores/version-2"
    about = folder / "version.json"
    before = json.loads(about.read_text(encoding="utf-8"))
    for path in (folder / "data").iterdir():
        path.unlink()
    (folder / "ledger.jsonl").unlink()
    (folder / "put-aside/stale-000000.jsonl").write_text("{}\n", encoding="utf-8")
    assert score("--shard-rows", "20")["rows"] == 88
    now = json.loads(about.read_text(encoding="utf-8"))
    assert (before["columns"]["title"], before["shard_rows"]) == ("id", 10)
    assert (now["columns"]["title"], now["shard_rows"]) == (None, 20)
    assert [path.name for path in (folder / "put-aside").iterdir()] == ["files.json"]
    assert "gone on with as it was begun" in score("--title", "id", code=2)["error"]


def test_a_new_version_takes_the_shards_of_the_one_that_it_will_be_compared_with(
    score: Score, home: Settings, tmp_path: Path
) -> None:
    score("--version", "1")
    data = tmp_path / "scores/version-2"
    said = score("--shard-rows", "20", code=2)["error"]
    assert "version-1 have 10 rows; found --shard-rows 20. Leave --shard-rows out" in said
    assert not (data / "version.json").exists() and not (data / "data").exists(), "no work was done"
    assert cli.run(["score", "--source", str(tmp_path / "archive"), "--output", str(tmp_path / "scores")]) == 0
    assert json.loads((data / "version.json").read_text(encoding="utf-8"))["shard_rows"] == 10
    assert cli.run(["compare-scores", "1", "2", "--scores", str(tmp_path / "scores")]) == 0


def test_of_names_that_are_the_scores_a_row_of_json_lines_is_put_aside_and_any_other_file(
    score: Score, tmp_path: Path
) -> None:
    (source := tmp_path / "scored before").mkdir()
    rows = [{"text": "好吃"}, {"text": "難吃", "sentiment_label": "負面"}, {"text": "普通"}]
    (source / "a.jsonl").write_bytes(json_lines(rows))
    (source / "b.tsv").write_text("text\tsentiment_label\n好吃\t正面\n", encoding="utf-8")
    result = score(source=source)
    assert (result["rows"], result["rows_aside"], list(result["put_aside"])) == (2, 1, ["b.tsv"])
    said = "sentiment_label: names that begin with sentiment_ are those of the scores; rename it"
    assert result["put_aside"]["b.tsv"] == f"a column {said}"
    [aside] = (tmp_path / "scores/version-2/put-aside").glob("*.jsonl")
    assert json.loads(aside.read_text(encoding="utf-8"))["reason"] == f"a name {said}"


def test_another_content_of_the_same_length_and_time_is_seen(score: Score, archive: Path, tmp_path: Path) -> None:
    (file := archive / "f.tsv").write_text("text\tid\n真的好吃\tf-1\n", encoding="utf-8")
    score()
    before = file.stat()
    file.write_text("text\tid\n真的難吃\tf-1\n", encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert score()["shards_new"] == 1
    table = scores_of(tmp_path / "scores").to_pylist()
    assert [row["text"] for row in table if row["id"] == "f-1"] == ["真的難吃"]


def test_to_point_at_scores_that_no_run_finished_says_so(score: Score, archive: Path, tmp_path: Path) -> None:
    """As a run that was killed leaves them: a ledger, and no summary."""
    score()
    (tmp_path / "scores/version-2/scored.json").unlink()
    (tmp_path / "scores/current.json").unlink()
    pointed = score("--only-point")
    assert pointed == {"current": 2, "before": None, "rows": 88, "asked": 2, "not_scored": False}
    current = tmp_path / "scores/current.json"
    assert json.loads(current.read_text(encoding="utf-8"))["complete"] is False
    (archive / "f.tsv").write_bytes(delimited(rows_of(3, "f"), "\t"))
    score("--version", "1")
    score("--only-point", "--version", "1")
    (archive / "g.tsv").write_bytes(delimited(rows_of(2, "g"), "\t"))
    score("--version", "1")
    found = json.loads(current.read_text(encoding="utf-8"))
    assert (found["version"], found["rows"], found["complete"]) == (1, 93, True), "what readers take is told as it is"


def test_a_version_that_there_is_not_is_told_with_what_to_do(score: Score) -> None:
    said = score("--version", "canary", code=2)["error"]
    assert said.endswith("a canary version; found none. Name another one; `sentiment status` lists them.")


def test_other_shards_than_it_was_begun_with_are_refused(score: Score) -> None:
    score()
    assert "have 10 rows" in score("--shard-rows", "20", code=2)["error"]

"""What fails with one delivered file, or takes too long, ends with that file: the others are taken."""

from __future__ import annotations

import errno
import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.hostile_deliveries import GOOD, kept, repeated, taken, workbook, zipped
from support.small_disk import small_disk

from sentiment.cli import run
from sentiment.data import delivery as taking
from sentiment.data.formats import allowance
from sentiment.data.formats.child import ReaderFailed
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]


def fails_with(error: Exception) -> Callable[..., Any]:
    def failing(*arguments: Any, **options: Any) -> Any:
        raise error

    return failing


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "reading it needs more memory than there is"),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "Input/output error"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
        (ReaderFailed("the Parquet reader failed on this file: killed by SIGKILL"), "killed by SIGKILL"),
        (RecursionError("這間店"), "its values are nested too deeply"),
        (RuntimeError("這間店"), "an unexpected RuntimeError in test_alone.py, line "),
    ],
)
def test_a_file_that_fails_is_named_each_night_and_the_others_are_taken(
    settings: Settings,
    deliver: Deliver,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
) -> None:
    deliver("a.tsv", "text\tlabel\n壞檔案\t0\n")
    deliver("b.tsv", GOOD)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bad.tsv", "text\tlabel\n壞檔案\t1\n")
        archive.writestr("good.tsv", "text\tlabel\n包起來的好檔案\t1\n")
    deliver("c.zip", packed.getvalue())
    whole = taking.judge

    def judge(record: Any, labels: Any) -> Any:
        return fails_with(error)() if record.columns.text == "壞檔案" else whole(record, labels)

    monkeypatch.setattr(taking, "judge", judge)
    result, deliveries = taken(settings)
    assert list(deliveries) == ["b.tsv", "c.zip/good.tsv"]
    assert {item["key"] for item in result["left"]} == {"a.tsv", "c.zip/bad.tsv"}
    assert all(reason in item["reason"] for item in result["left"])
    assert "這間店" not in str(result["left"])
    again, deliveries = taken(settings)
    assert (again["left"], deliveries) == (result["left"], {})
    monkeypatch.undo()
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    result, deliveries = taken(settings)
    assert (result["left"], list(deliveries)) == ([], ["a.tsv", "c.zip/bad.tsv"])


SMALL = 8 << 20  # bytes of the whole file system


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", SMALL) as place:
        yield place


def test_a_file_for_which_there_is_no_room_is_left_and_a_smaller_one_is_taken(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    settings = Settings(home=small, source=str(tmp_path / "inbox"), settle_seconds=0)
    (tmp_path / "inbox").mkdir()
    many = "".join(f"第{number}篇文章{'長' * 2_000}\t0\n" for number in range(2_000))
    (tmp_path / "inbox" / "a.tsv").write_text("text\tlabel\n" + many)
    (tmp_path / "inbox" / "b.tsv").write_text(GOOD)
    result, deliveries = taken(settings)
    assert list(deliveries) == ["b.tsv"]
    assert [(item["key"], item["reason"].split(":")[0]) for item in result["left"]] == [
        ("a.tsv", "No space left on device")
    ]


@pytest.mark.parametrize("left", [0, 600_000])  # enough to open the ledger, and for no file
def test_a_disk_on_which_nothing_can_be_written_is_one_line(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], left: int
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(small))
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    monkeypatch.setenv("SENTIMENT_SOURCE", str(inbox))
    assert run(["ingest"]) == 0
    for number in range(3):
        (inbox / f"{number}.tsv").write_text(GOOD + f"{'長' * 2_000}{number}\t9\n" * 1_000)
    with (small / "filler").open("wb", buffering=0) as handle, pytest.raises(OSError, match="No space left"):
        while True:
            handle.write(b"x" * 4096)
    os.truncate(small / "filler", (small / "filler").stat().st_size - left)
    capsys.readouterr()
    assert run(["ingest"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "must have room; found No space left on device" in last and "Free space there" in last


SLOW_FILES = {
    "a.tsv": b"text\tlabel\n" + "慢\t0\n壞\t9\n".encode() * 50,
    "a.jsonl": b'{"text": "slow", "labels": [0]}\n' * 50,
    "a.parquet": repeated(50, text="慢", label=0),
    "a.xlsx": workbook(["text", "label"], *[("慢", 0)] * 50),
    "a.zip": zipped("a.tsv", b"text\tlabel\n" + "慢\t0\n壞\t9\n".encode() * 50),
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("key", SLOW_FILES)
def test_a_slow_file_is_left_and_nothing_of_it_is_kept(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, key: str, late: bool
) -> None:
    slow, whole = SLOW_FILES[key], taking.judge

    def judge(record: Any, labels: Any) -> Any:
        time.sleep(0.02 if late and record.columns.text != "這間店真的很好吃" else 0)
        return whole(record, labels)

    monkeypatch.setattr(taking, "judge", judge)
    monkeypatch.setattr(allowance, "most_seconds", lambda size: 0.4 * late if size == len(slow) else 60)
    deliver(key, slow)
    deliver("b.tsv", GOOD)
    result, deliveries = taken(settings)
    reason = "it takes far longer to read than a file of its size should"
    assert result["left"] == [{"key": key, "reason": reason}]
    assert (list(deliveries), deliveries["b.tsv"]["number"], kept(settings)) == (["b.tsv"], 1, 0)
    monkeypatch.undo()
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    deliver("c.tsv", "text\tlabel\n下一晚的\t0\n")
    result, deliveries = taken(settings)
    slow_key = "a.zip/a.tsv" if key == "a.zip" else key
    assert (result["left"], list(deliveries)) == ([], ["c.tsv", slow_key])  # after those that were never slow
    deliver(key, slow + b"\n")
    deliver("d.tsv", "text\tlabel\n第三晚的\t0\n")
    assert list(taken(settings)[1])[-1] == "d.tsv"


@pytest.mark.parametrize("late", [False, True])
def test_a_slow_archive_is_left_where_its_time_is_over(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.tsv", GOOD + f"第{number}篇\t0\n")
    deliver("a.zip", out.getvalue())
    whole = taking.judge

    def judge(record: Any, labels: Any) -> Any:
        time.sleep(0.8 if record.columns.text == "第1篇" else 0)
        return whole(record, labels)

    monkeypatch.setattr(taking, "judge", judge)
    monkeypatch.setattr(allowance, "most_seconds", lambda size: 0.7 if late else -1)
    result, deliveries = taken(settings)
    assert [each["key"] for each in result["left"]] == ["a.zip"]
    assert list(deliveries) == (["a.zip/0.tsv"] if late else [])
    monkeypatch.undo()
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    deliver("b.tsv", GOOD)
    result, deliveries = taken(settings)
    assert result["left"] == []
    assert list(deliveries) == ["b.tsv", *[f"a.zip/{number}.tsv" for number in range(late, 3)]]

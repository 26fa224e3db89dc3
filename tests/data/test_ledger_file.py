"""A ledger that is damaged, empty, gone or unreadable is one line that names the file; never a new, empty ledger."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.small_disk import small_disk

from sentiment import disk
from sentiment.cli import run
from sentiment.data import ledger_file
from sentiment.data.identity import identity
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.tsv import Post
from sentiment.errors import InputError

PAGE = 4096  # bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of some hundred pages."""
    path = tmp_path / "datasets" / "ledger.sqlite"
    with opened(path) as ledger, ledger.writing():
        texts = [f"第{number}篇" + "好" * 300 for number in range(400)]
        ledger.put([Accepted(identity(text), Post(text, 0), 1, rolling=False) for text in texts])
        ledger.record(1, "a.tsv", "hash", Counts(accepted=400))
    assert ledger_file.problem(path) == ""
    return path


def header(content: bytearray) -> None:
    content[:16] = bytes(16)


def schema(content: bytearray) -> None:
    content[100:PAGE] = b"\xaa" * (PAGE - 100)


def truncated(content: bytearray) -> None:
    del content[len(content) // 2 :]


def torn(content: bytearray) -> None:
    del content[len(content) // 2 + 100 :]


def zeros(content: bytearray) -> None:
    content[:] = bytes(len(content))


def middle(content: bytearray) -> None:
    """Every page from the tenth on: found only when a query comes to them."""
    content[10 * PAGE :] = b"\xaa" * (len(content) - 10 * PAGE)


def text(content: bytearray) -> None:
    """A text that is no UTF-8 any more, in a page that is sound."""
    content[content.index("好好好".encode()) + 1] = 0xFF


Damage = Callable[[bytearray], None]


@pytest.mark.parametrize("damage", [header, schema, truncated, torn, zeros, middle, text])
def test_a_damaged_ledger_is_one_line_and_left_as_it_is(path: Path, damage: Damage) -> None:
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"ledger\.sqlite must be .*sentiment restore BACKUP"), opened(path) as ledger:
        list(ledger.posts())
    assert path.read_bytes() == content
    assert ledger_file.problem(path) or damage is text  # SQLite looks into no text


@pytest.mark.parametrize("damage", [header, middle])
def test_no_verb_shows_a_stack_trace_for_it(
    path: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    monkeypatch.setenv("SENTIMENT_HOME", str(path.parents[1]))
    (path.parent / "inbox").mkdir()
    (path.parent / "inbox" / "b.tsv").write_text("text\tlabel\n" + "".join(f"新{n}\t1\n" for n in range(50)), "utf-8")
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    assert run(["ingest"]) == 2
    told = capsys.readouterr().err
    assert f"the ledger {path} must be whole; found damage" in told and "Traceback" not in told


def test_an_empty_file_never_becomes_a_new_ledger(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(InputError, match="must not be empty; found 0 bytes"), opened(path):
        pass
    assert path.read_bytes() == b""


def test_a_ledger_that_is_gone_is_not_made_anew_until_somebody_says_so(path: Path) -> None:
    path.unlink()
    with pytest.raises(InputError, match=r"must be there, since one was made.*delete it .*\.lock"), opened(path):
        pass
    assert not path.exists()
    ledger_file.lock_of(path).unlink()
    with opened(path) as ledger:
        assert ledger.watermark() == 0


def test_the_ledger_of_an_older_home_is_marked_when_it_is_opened(path: Path) -> None:
    ledger_file.lock_of(path).write_bytes(b"")  # as versions before left it
    with opened(path):
        pass
    path.unlink()
    with pytest.raises(InputError, match="must be there"), opened(path):
        pass


def test_a_new_ledger_appears_complete_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.sqlite"

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger_file, "set_up", fail)
    with pytest.raises(KeyboardInterrupt), opened(path):
        pass
    assert [left.name for left in tmp_path.iterdir()] == ["ledger.sqlite.lock"]
    monkeypatch.undo()
    with opened(path) as ledger:
        assert ledger.watermark() == 0
    assert ledger_file.problem(path) == ""


def test_a_folder_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").mkdir()
    must = "must be a file that this user may read and write"
    with pytest.raises(InputError, match=must), opened(tmp_path / "ledger.sqlite"):
        pass


def test_a_full_disk_is_one_line_and_nothing_is_half_written(tmp_path: Path) -> None:
    posts = [Accepted(identity(str(n)), Post(f"{n}" * 900, 0), 1, rolling=False) for n in range(900)]
    with small_disk(tmp_path / "small", 1 << 20) as small:
        path = small / "ledger.sqlite"
        with pytest.raises(OSError, match="No space left") as raised, opened(path) as ledger, ledger.writing():
            ledger.put(posts)
        told = disk.refusal(raised.value)  # the line that the step ends with
        assert told is not None
        assert "ledger.sqlite must have room" in str(told)
        with opened(path) as ledger:
            assert list(ledger.posts()) == []


def test_an_error_that_is_not_about_the_file_stays_what_it_is(path: Path) -> None:
    refused = pytest.raises(sqlite3.OperationalError, match="no such table")
    with refused, opened(path) as ledger, ledger.reading() as connection:
        connection.execute("SELECT 1 FROM gone_table")


def test_a_file_of_another_program_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE others (x)")
    with pytest.raises(InputError, match="found a file of no format"), opened(path):
        pass
    assert ledger_file.problem(path) == "no ledger of posts"
    assert ledger_file.problem(tmp_path / "none") == "no file"

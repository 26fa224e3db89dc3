"""A ledger with a torn page is one line from every command, however the page's rows look, and a bug stays a bug."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentiment.cli import run
from sentiment.data import ledger_damage, ledger_file
from sentiment.data.claims import APART, CONTESTED, DECIDED, PLAIN
from sentiment.data.identity import HEX_DIGITS, RULES, VERSION
from sentiment.data.ledger import opened
from sentiment.data.ledger_file import PAGE_BYTES
from sentiment.errors import InputError
from sentiment.serving import ledger_values
from sentiment.serving.retractions import retracted_deliveries

WHOLE = "ledger.sqlite must be whole"
POSTS = "".join(f"第{number}篇文章{'好' * 60}\t{number % 3}\n" for number in range(600))
COMMANDS = {
    "ingest": ["ingest"],
    "prepare": ["prepare", "--run", "r"],
    "retract": ["retract", "--reason", "x", "--accept-small", "--undo", "1"],
    "forget": ["forget", "--reason", "x", "--", "第7篇文章"],
}
# What one post may not be: found while `prepare` reads it.
IMPOSSIBLE = (
    *("label = -1", "label = 'x'", "rolling = 7", "standing = 99", "delivery = 99", "delivery = -1", "text = X'61'"),
    *("title = X'61'", "source = X'61'", "identity = X''", "identity = zeroblob(5)", "identity = 'sixteen letters.'"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a delivery that is retracted, and one that is not; a third is waiting."""
    home = tmp_path_factory.mktemp("made")
    shutil.copytree(Path(__file__).parents[2] / "datasets" / "old_sentiment", home / "datasets" / "old_sentiment")
    inbox = home / "datasets" / "inbox"
    inbox.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        settle(patch, home)
        for name, posts in (("a.tsv", POSTS), ("b.tsv", POSTS.replace("第", "再"))):
            (inbox / name).write_text(f"text\tlabel\n{posts}", "utf-8")
            assert run(["ingest"]) == 0
        assert run(["retract", "--reason", "x", "--accept-small", "1"]) == 0
        assert run(["forget", "--reason", "x", "--", "再8篇文章的整篇"]) == 0
    (inbox / "new.tsv").write_text("text\tlabel\n新的一篇\t1\n", "utf-8")
    return home


def settle(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("SENTIMENT_HOME", str(home))
    patch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    patch.setenv("SENTIMENT_SERVING_URLS", "")


@pytest.fixture
def ledger(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    shutil.copytree(made, home)
    settle(monkeypatch, home)
    return home / "datasets" / "ledger.sqlite"


def do(ledger: Path, statement: str) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(statement)


def tear(ledger: Path, table: str) -> None:
    """Makes zeros of the end of a page that holds rows of the table, from half of them on."""
    with closing(sqlite3.connect(ledger)) as connection:
        query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
        pages = [page for (page,) in connection.execute(query, (table,))]
    number = pages[len(pages) // 2]
    content = bytearray(ledger.read_bytes())
    page = content[(number - 1) * PAGE_BYTES : number * PAGE_BYTES]
    first = int.from_bytes(page[5:7], "big")  # where the rows begin
    start = (first + PAGE_BYTES) // 2
    content[(number - 1) * PAGE_BYTES + start : number * PAGE_BYTES] = bytes(PAGE_BYTES - start)
    ledger.write_bytes(content)


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.strip().splitlines()[-1]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("table", ["about", "deliveries", "retractions", "forgotten"])
def test_a_torn_small_table_is_found_before_anything_is_done(
    ledger: Path, table: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tear(ledger, table)
    before = ledger.read_bytes()
    assert WHOLE in told(COMMANDS[command], capsys)
    assert ledger.read_bytes() == before


@pytest.mark.parametrize("command", ["prepare", "retract", "forget"])
def test_a_torn_page_of_posts_is_one_line(ledger: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    tear(ledger, "posts")
    assert WHOLE in told(COMMANDS[command], capsys)


def test_a_torn_page_of_posts_is_no_fault_of_the_file_that_comes_upon_it(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tear(ledger, "posts")
    (ledger.parent / "inbox" / "again.tsv").write_text(f"text\tlabel\n\n{POSTS.replace('第', '再')}", "utf-8")
    assert WHOLE in told(["ingest"], capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_sqlite_quotes_of_a_damaged_schema_is_one_line(
    ledger: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = ledger.read_bytes().replace(b"CREATE TABLE posts", b"CREATE \xff\xfeBLE posts")
    ledger.write_bytes(content)
    assert WHOLE in told(COMMANDS[command], capsys)
    assert ledger_file.problem(ledger)


def test_a_file_that_ends_within_a_page_is_one_line(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger.write_bytes(ledger.read_bytes()[:-1000])
    assert "7,192 of 8,192 bytes of the last page" in told(["ingest"], capsys)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE deliveries SET at = X'00'",
        "UPDATE deliveries SET at = 'x'",
        "UPDATE deliveries SET number = -number",
        "UPDATE retractions SET at = 7.5",
        "UPDATE about SET value = X'' WHERE name = 'salt'",
        "UPDATE about SET value = 'x' WHERE name = 'statements'",
        "DELETE FROM about WHERE name = 'salt'",
        "UPDATE about SET value = zeroblob(32) WHERE name = 'salt'",
        "UPDATE about SET value = X'07' WHERE name = 'salt'",
        "UPDATE about SET value = 999 WHERE name = 'identity'",
        "UPDATE about SET value = 999 WHERE name = 'statements'",
        "UPDATE deliveries SET accepted = -5",
        "UPDATE retractions SET undone = 7",
        "UPDATE forgotten SET version = 99",
        "UPDATE forgotten SET identity = X''",
        "UPDATE forgotten SET identity = zeroblob(3)",
        *(f"UPDATE posts SET {change} WHERE row = (SELECT max(row) FROM posts)" for change in IMPOSSIBLE),
        # A row is lost, or is another.
        "DELETE FROM deliveries WHERE number = 1",
        "DELETE FROM deliveries WHERE number = 3",
        "UPDATE deliveries SET number = number + 1000000",
        "UPDATE retractions SET delivery = 99",
        "UPDATE retractions SET number = 99",
        # A part is lost, or one is there that nobody makes.
        "DROP TABLE earlier",
        "DROP TABLE retractions",
        "DROP TABLE set_aside",
        "DROP TABLE statements",
        "DROP INDEX posts_with_title",
        "DROP INDEX posts_by_identity",
        "ALTER TABLE posts DROP COLUMN standing",
        "CREATE TRIGGER t AFTER INSERT ON posts BEGIN DELETE FROM posts; END",
        *(f"PRAGMA user_version = {older}" for older in range(1, 5)),
    ],
)
def test_a_value_that_nobody_can_have_written_is_one_line(
    ledger: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    do(ledger, change)
    assert WHOLE in told(COMMANDS["prepare"], capsys)


@pytest.mark.parametrize("lost", ["DELETE FROM deliveries WHERE number = 3", "UPDATE retractions SET delivery = 99"])
def test_who_only_asks_for_retractions_is_told_of_a_lost_row(
    ledger: Path, lost: str, capsys: pytest.CaptureFixture[str]
) -> None:
    do(ledger, lost)
    with pytest.raises(InputError, match="a row of retractions without its row of deliveries"):
        retracted_deliveries(ledger)
    assert "a row of retractions without its row" in told(["ingest", "--report", "1"], capsys)


@pytest.mark.parametrize(
    ("change", "found"),
    [("DROP TABLE retractions", "no table retractions"), ("PRAGMA user_version = 0", "no ledger of posts")],
)
def test_a_lost_table_of_retractions_is_not_taken_for_none(ledger: Path, change: str, found: str) -> None:
    do(ledger, change)
    with pytest.raises(InputError, match=found):
        retracted_deliveries(ledger)


@pytest.mark.parametrize("command", ["prepare", "retract"])
@pytest.mark.parametrize("label", [3, 99])
def test_a_label_that_is_none_of_the_set_is_one_line(
    ledger: Path, label: int, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    do(ledger, f"UPDATE posts SET label = {label} WHERE row = (SELECT max(row) FROM posts)")
    said = told(COMMANDS[command], capsys)
    assert f"one of 0 to 2; found the label {label}. Give SENTIMENT_LABELS" in said
    assert not (ledger.parents[1] / "runs" / "r" / "train.tsv").exists()


@pytest.mark.parametrize("change", ["DELETE FROM set_aside", "UPDATE set_aside SET identity = zeroblob(16)"])
def test_a_lost_text_of_a_retracted_delivery_is_one_line(
    ledger: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    do(ledger, f"{change} WHERE identity = (SELECT min(identity) FROM set_aside)")
    assert "a row of statements without its row of posts or set_aside" in told(COMMANDS["retract"], capsys)


@pytest.mark.parametrize("change", ["form = X'ff'", "reasons = 'x'", "reasons = '[\"x\"]'", "bytes = -1"])
def test_a_receipt_that_nobody_can_have_written_is_one_line(
    ledger: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    do(ledger, f"UPDATE receipts SET {change}")
    assert "a value of a wrong kind in receipts" in told(["ingest", "--report", "1"], capsys)


def test_every_value_that_is_written_is_known() -> None:
    known = ledger_values.CANNOT_BE
    assert known["standing"] == f"NOT IN {(PLAIN, CONTESTED, APART, DECIDED)}"
    assert known["version"] == f"NOT IN {tuple(RULES)}"
    assert ledger_values.ABOUT["identity"] == f"value = {VERSION}"
    assert f"({HEX_DIGITS // 2}, {HEX_DIGITS})" == ledger_values.OF_A_POST


@pytest.mark.parametrize("table", ["about", "deliveries", "retractions"])
def test_status_says_it_in_one_line(ledger: Path, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    tear(ledger, table)
    capsys.readouterr()
    assert run(["status"]) == 0
    said = capsys.readouterr().err
    assert sum(WHOLE in line for line in said.splitlines()) == 1 and "Traceback" not in said


def test_an_error_with_a_whole_ledger_stays_what_it_is(ledger: Path) -> None:
    assert ledger_damage.found_in(ledger) == "" == ledger_damage.found_in(ledger, quick=True)
    with pytest.raises(TypeError, match="ours"), opened(ledger):
        raise TypeError("ours")


def test_a_ledger_that_is_busy_is_not_said_to_be_damaged(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert ledger_damage.found_in(ledger) == ""


def tear_text(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE posts SET text = CAST(X'ff' AS TEXT) WHERE row = (SELECT MAX(row) FROM posts)")


def test_it_is_looked_for_when_a_value_made_an_error(ledger: Path) -> None:
    with pytest.raises(InputError, match=WHOLE), opened(ledger) as whole:
        tear_text(ledger)
        raise TypeError("of a value")
    assert whole

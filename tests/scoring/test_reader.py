"""Another process reads the archive's files: whatever one does to it, the others are scored."""

from __future__ import annotations

import gzip
import io
import os
import signal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from support.lying_parquet import lying, with_footer

from sentiment.data.formats.allowance import MEMORY, TOO_SLOW
from sentiment.data.formats.record import TOO_MANY, UnreadableFile
from sentiment.processes import memory_bytes
from sentiment.scoring import put_aside, reader
from sentiment.scoring.asked import Head, Told, Wanted, most_memory, most_seconds
from sentiment.scoring.messages import Heard, ReaderEnded
from sentiment.scoring.places import Changed
from sentiment.scoring.sent import sent
from sentiment.scoring.shards import joined

from .test_hostile_archive import GOOD, TEXTS, Scored, packed


def aborting() -> bytes:
    """Returns a small file whose histogram has one level more than its column: Arrow ends the process."""
    content = packed({"text": ["好", None, "a"]})
    return with_footer(content, (b"\x19\x26\x02\x04", b"\x19\x36\x00\x02\x04"))


def test_a_file_that_ends_its_reader_ends_alone(tmp_path: Path) -> None:
    scored = Scored(tmp_path, {"a.parquet": aborting(), **GOOD, "z.parquet": packed({"text": TEXTS})})
    assert scored.reasons() == {"a.parquet": "its reader was ended (killed by SIGABRT)"}
    assert sorted(one.file for one in scored.shards()) == ["good.tsv", "z.parquet"]


@pytest.mark.parametrize("page", [2_000_000_000, 140_000_010])
def test_a_page_that_is_larger_than_the_footer_says_finds_no_memory(tmp_path: Path, page: int) -> None:
    scored = Scored(tmp_path, {"a.parquet": lying(page), **GOOD})
    assert scored.reasons() == {"a.parquet": reader.TOO_MUCH}
    assert [one.file for one in scored.shards()] == ["good.tsv"]


def test_values_of_json_take_as_much_memory_as_their_file_may(tmp_path: Path) -> None:
    """A small file that unpacks to 16 MB, every three bytes of which are an object of their own."""
    content = gzip.compress(b'{"text":"a","x":[' + b"{}," * 300_000 + b"{}]}\n")
    held = most_memory(len(content))
    assert held < 2 * MEMORY, "it is a small file"
    many = gzip.compress((b'{"text":"a","x":[' + b"{}," * 300_000 + b"{}]}\n") * 17)
    scored = Scored(tmp_path, {"one.jsonl.gz": content, "many.jsonl.gz": many})
    assert scored.reasons() == {"many.jsonl.gz": reader.TOO_MUCH}
    assert [one.file for one in scored.shards()] == ["one.jsonl.gz"]


@pytest.mark.parametrize("form", ["tsv", "parquet"])
def test_rows_that_are_put_aside_take_room_by_the_size_of_their_file(tmp_path: Path, form: str) -> None:
    name, rows = f"{'n' * 200}.{form}", 60_000
    if form == "tsv":
        name, content = f"{name}.gz", gzip.compress(b"text\tx\n" + b"\ta\n" * rows)
    else:
        content = packed({"text": pa.nulls(rows, pa.string()), "x": list(range(rows))})
        content += b""  # its numbers make it large enough for so many rows
    scored = Scored(tmp_path, {name: content, **GOOD})
    aside = sum(path.stat().st_size for path in (tmp_path / "scores/put-aside").iterdir())
    assert aside <= 16 << 20 if form == "tsv" else aside <= 200 * len(content)
    if form == "tsv":
        assert scored.reasons() == {name: TOO_MANY.format(10_000)}
        last = [one.shard for one in scored.shards() if one.file == name and one.shard][-1]
        assert last.last and last.reason == TOO_MANY.format(10_000), "it is read no further tomorrow"


def test_where_no_room_is_left_for_what_is_put_aside_the_file_ends(tmp_path: Path) -> None:
    wrong = ("\t" + "x" * 1_900 + "\n").encode()
    content = b"text\tx\ngood\ty\n" + wrong * 8_500
    assert len(content) < 16 << 20 and 8_500 * put_aside.LONGEST_RAW > 16 << 20
    scored = Scored(tmp_path, {"a.tsv.gz": gzip.compress(content), **GOOD})
    assert scored.reasons() == {"a.tsv.gz": put_aside.NO_ROOM}
    shards = [one.shard for one in scored.shards() if one.file == "a.tsv.gz" and one.shard]
    assert shards[0].scored == 1 and shards[-1].last and not any(one.last for one in shards[:-1])
    taken = sum(path.stat().st_size for path in (tmp_path / "scores/put-aside").iterdir())
    assert (16 << 20) - 5_000 < taken <= 16 << 20


def test_a_shard_of_parquet_has_its_share_of_the_room(tmp_path: Path) -> None:
    texts = ["好"] * 100 + [" " * 1_900] * 9_000 + ["棒"] * 100
    content = packed({"text": pa.array(texts, pa.string()).dictionary_encode()})
    scored = Scored(tmp_path, {"a.parquet": content})
    assert scored.reasons() == {"a.parquet": put_aside.NO_ROOM}
    found = [(one.shard.index, one.shard.scored) for one in scored.shards() if one.shard]
    assert found == [(0, 100), (91, 100)], "those before and behind are scored"
    [behind] = [part for part in scored.plan.portions if part.first_shard == 90]
    with pytest.raises(UnreadableFile, match=put_aside.NO_ROOM):
        wanted = Wanted(name="a.parquet", size=len(content), shard_rows=100, shards=behind.span)
        list(reader.pieces(io.BytesIO(content), wanted))


class Meanwhile(io.BytesIO):
    """A file during whose reading something happens."""

    signal_sent = signal.SIGKILL

    def __init__(self, content: bytes, happens: BaseException | None = None) -> None:
        super().__init__(content)
        self._happens = happens

    def read(self, size: int | None = -1) -> bytes:
        process = reader._reader()._process
        assert process
        if self._happens is None:
            [child] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
            os.kill(int(child), self.signal_sent)
        else:
            raise self._happens
        return super().read(size)


def asked(file: BinaryIO) -> list[reader.Piece]:
    return list(reader.pieces(file, Wanted(name="x.tsv", size=len(GOOD["good.tsv"]), shard_rows=10)))


def test_a_reader_that_somebody_killed_says_nothing_about_the_file() -> None:
    content = GOOD["good.tsv"]
    with pytest.raises(Changed, match="SIGKILL"):
        asked(Meanwhile(content))
    [piece] = asked(io.BytesIO(content))
    assert (piece.numbers, piece.aside, piece.last) == ([0], 0, True)
    before = reader._reader()._process
    assert before
    os.kill(before.pid, signal.SIGKILL)
    before.wait()
    with pytest.raises(Changed):
        asked(io.BytesIO(content))
    assert len(asked(io.BytesIO(content))) == 1 and reader._reader()._process is not before


def test_a_reader_that_cannot_start_says_nothing_about_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    reader._reader().close()
    monkeypatch.setattr(reader, "MODULE", "sentiment.scoring.none_of_this_name")
    monkeypatch.setattr(reader, "SECONDS_TO_END", 60)
    with pytest.raises(Changed, match="exit code 1"):
        asked(io.BytesIO(GOOD["good.tsv"]))
    monkeypatch.undo()
    assert len(asked(io.BytesIO(GOOD["good.tsv"]))) == 1


class Stopping(Meanwhile):
    """A file whose reader says nothing more, once it has asked for it."""

    signal_sent = signal.SIGSTOP


def test_a_reader_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(io.BytesIO(GOOD["good.tsv"]))
    before = reader._reader()._process
    monkeypatch.setattr(reader, "most_patience", lambda size: 1)
    with pytest.raises(ReaderEnded, match=TOO_SLOW):
        asked(Stopping(GOOD["good.tsv"]))
    monkeypatch.undo()
    assert before and before.returncode is not None and len(asked(io.BytesIO(GOOD["good.tsv"]))) == 1


def piece(first: int = 0, numbers: tuple[int, ...] = (0,), *, last: bool = True, lines: bytes = b"") -> Heard:
    columns, content = sent(pa.table({"text": ["a"] * len(numbers)}))
    head = Head(first=first, numbers=list(numbers), columns=columns, places={"text": 0}, last=last, reason="")
    return Heard(Told(piece=head), content, lines)


def said(*told: Heard) -> Any:
    return lambda self, file, wanted: iter(told if wanted.kept is None else ())


@pytest.mark.parametrize(
    "told",
    [
        (),
        (Heard(Told()),),
        (Heard(Told(rows=1)),),
        (piece(last=False),),
        (piece(), piece()),
        (piece(last=False), piece()),
        (piece(10, (10,), last=False), piece()),
        (piece(10_000, (10_000,)),),
        (piece(lines=b"{}\n" * 10),),
    ],
)
def test_a_reader_that_says_other_pieces_than_a_file_has_is_one_line(
    monkeypatch: pytest.MonkeyPatch, told: tuple[Heard, ...]
) -> None:
    monkeypatch.setattr(reader.Reader, "heard", said(*told))
    with pytest.raises(UnreadableFile, match="its reader said what is of no file"):
        asked(io.BytesIO())
    monkeypatch.setattr(reader.Reader, "heard", said(piece(last=False), piece(10, (10,), lines=b"{}\n")))
    assert [one.rows for one in asked(io.BytesIO())] == [1, 2]


@pytest.mark.parametrize("rows", [(), (1, 1), (10**12,), (-5,), (10_001,), (None,)])
def test_a_number_of_rows_that_no_file_states_is_one_line(
    monkeypatch: pytest.MonkeyPatch, rows: tuple[int | None, ...]
) -> None:
    monkeypatch.setattr(reader.Reader, "heard", said(*(Heard(Told(rows=one)) for one in rows)))
    with pytest.raises(UnreadableFile, match="its reader said what is of no file"):
        reader.rows_stated(io.BytesIO(), "x.parquet", 10)
    monkeypatch.setattr(reader.Reader, "heard", said(Heard(Told(rows=10_000))))
    assert reader.rows_stated(io.BytesIO(), "x.parquet", 10) == 10_000


@pytest.mark.parametrize("error", [ConnectionResetError("by the store"), OSError(5, "disk"), KeyboardInterrupt()])
def test_what_fails_while_the_file_is_read_is_raised_and_leaves_no_process(error: BaseException) -> None:
    asked(io.BytesIO(GOOD["good.tsv"]))
    before = reader._reader()._process
    with pytest.raises(type(error)):
        asked(Meanwhile(GOOD["good.tsv"], error))
    assert before and before.returncode is not None and len(asked(io.BytesIO(GOOD["good.tsv"]))) == 1


def test_it_gets_no_credentials_and_the_next_file_finds_nothing_of_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    reader._reader().close()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    asked(io.BytesIO(GOOD["good.tsv"]))
    process = reader._reader()._process
    assert process
    assert b"secret" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    held = memory_bytes(process.pid)
    wide = b"text\n" + ("好" * 1_000 + "\n").encode() * 5_000
    assert len(list(reader.pieces(io.BytesIO(wide), Wanted(name="x.tsv", size=len(wide), shard_rows=10_000)))) == 1
    assert memory_bytes(process.pid) - held < 1 << 20, "a child of its own had it"


def test_how_it_ended_is_a_reason() -> None:
    killed, silent = "its reader was ended (killed by SIGSEGV)", "its reader was ended (exit code 0)"
    for code, reason in ((-signal.SIGXCPU, TOO_SLOW), (-signal.SIGSEGV, killed), (0, silent)):
        with pytest.raises(UnreadableFile) as caught:
            reader._require_whole(Told(), code)
        assert str(caught.value) == reason


def test_all_shards_of_a_file_that_are_refused_have_its_time_together(tmp_path: Path) -> None:
    texts = pa.array(["好"] * 100 + [" " * 1_900] * 9_000 + ["棒"] * 100, pa.string())
    scored = Scored(tmp_path, {"a.parquet": packed({"text": texts.dictionary_encode()})})
    [portion] = joined(scored.plan.portions)
    worker, spent = scored.worker, scored.worker.spent[portion.file.id]
    assert spent > 0 and set(scored.reasons()) == {"a.parquet"}
    list(worker.outcomes(portion))
    assert worker.spent[portion.file.id] > spent, "another look goes on from there"
    worker.spent[portion.file.id] = most_seconds(portion.file.size)
    (tmp_path / "scores/data").rename(tmp_path / "away")
    [outcome] = worker.outcomes(portion)
    assert outcome.reason == TOO_SLOW


@pytest.mark.parametrize(("megabytes", "least"), [(0, 20), (1, 50), (1_000, 10_000), (50_000, 500_000)])
def test_a_larger_file_may_take_longer(megabytes: int, least: int) -> None:
    assert least <= most_seconds(megabytes << 20) <= least + 120

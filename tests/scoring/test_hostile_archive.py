"""Files of an archive that a stranger made: each ends alone, in one line, and costs what it holds."""

from __future__ import annotations

import errno
import io
import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from sentiment.data.formats.record import TOO_WIDE, UnreadableFile
from sentiment.data.identity import identity
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.scoring import archive as archives
from sentiment.scoring import changed, holding, ledger, list_of_shards, parquet_rows, places, rows
from sentiment.scoring.changed import Changes
from sentiment.scoring.columns import Columns
from sentiment.scoring.places import FolderPlace
from sentiment.scoring.shards import joined
from sentiment.scoring.work import Job, Outcome, Worker

from .conftest import zstandard

TEXTS = ["好吃", "難吃", "普通", "好棒"]


def answers(posts: list[Post]) -> NDArray[np.float32]:
    return np.tile(np.array([[0.2, 0.3, 0.5]], np.float32), (len(posts), 1))


def packed(columns: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    parquet.write_table(pa.table(columns), content, compression="zstd")
    return content.getvalue()


class Scored:
    """What became of an archive of these files, without a model."""

    def __init__(self, folder: Path, files: dict[str, bytes], columns: Columns | None = None) -> None:
        self.folder, self.columns = folder, columns or Columns()
        (folder / "archive").mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / "archive" / name).write_bytes(content)
        self.source, self.output = FolderPlace(str(folder / "archive")), FolderPlace(str(folder / "scores"))
        self.plan = archives.known_files(self.source, self.output)
        archives.plan_of(self.plan, self.source, {}, 100)
        job = Job(
            source=self.source.address, output=self.output.address, version=1,
            labels=["a", "b", "c"], columns=self.columns, shard_rows=100,
        )  # fmt: skip
        self.worker = Worker(job, answers)
        self.outcomes = [
            *self.plan.refused,
            *(one for part in joined(self.plan.portions) for one in self.worker.outcomes(part)),
        ]

    def shards(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.shard]

    def reasons(self) -> dict[str, str]:
        return {one.file: one.reason for one in self.outcomes if one.reason}

    def compared(self) -> Changes:
        found = Changes(3)
        for one in self.shards():
            assert one.shard
            before, after = (changed.table_of(self.output, one.shard, 3, columns) for columns in (None, self.columns))
            place = before.column_names.index("sentiment_label_id")
            other = pa.array([0] * len(before), pa.int8())
            found.add(before.set_column(place, "sentiment_label_id", other), after, self.columns)
        return found


GOOD = {"good.tsv": "text\n好吃\n".encode()}


def test_a_name_that_is_half_a_character_spoils_its_row_alone(tmp_path: Path) -> None:
    scored = Scored(tmp_path, {"x.jsonl": b'{"text":"a","\\ud800":1}\n{"text":"b"}\n'})
    [one] = scored.shards()
    assert one.shard and (one.shard.scored, one.shard.aside) == (1, 1)
    [path] = (tmp_path / "scores/put-aside").iterdir()
    assert rows.HALF_A_CHARACTER in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["x.jsonl", "x.tsv"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_mark_of_another_encoding_is_told_and_an_honest_one_is_read(tmp_path: Path, name: str, codec: str) -> None:
    content = '{"text":"good"}\n' * 54 if name.endswith("jsonl") else "text\n" + "good\n" * 54
    mark = "\ufeff".encode(codec)
    files = {f"wrong-{name}": mark + content.encode(), f"right-{name}": mark + content.encode(codec)}
    scored = Scored(tmp_path, files)
    said = rows.WRONG_MARK.format(codec.upper().replace("-LE", " LE").replace("-BE", " BE"))
    assert scored.reasons() == {f"wrong-{name}": said}
    [one] = scored.shards()
    assert one.file == f"right-{name}" and one.shard and one.shard.scored == 54


HONEST = [{"id": str(number), "text": f"好 {number}", "source": "s"} for number in range(150)]
JUNK = {f"k{number}": 1 for number in range(1_000)}


@pytest.mark.parametrize("place", [0, 60, 100, 149])
@pytest.mark.parametrize(
    "row",
    [{"ID": 1}, {"Text": None}, JUNK, {"TEXT ": None, "Source": 1}, {"text": "a", "Text": "b"}, {"text": "a"} | JUNK],
    ids=lambda row: "-".join(row)[:20],
)
def test_an_object_that_is_put_aside_takes_no_others_place(tmp_path: Path, row: dict[str, Any], place: int) -> None:
    lines = [*HONEST[:place], row, *({**one, "new": 1} for one in HONEST[place:])]
    scored = Scored(tmp_path, {"x.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines).encode()})
    assert not scored.reasons()
    found = [one.shard for one in scored.shards() if one.shard]
    assert (sum(one.scored for one in found), sum(one.aside for one in found)) == (150, 1)


def test_spellings_of_a_name_are_one_column(tmp_path: Path) -> None:
    lines = [{"Text": "a", "source": "s"}, {"text": "b", "Source": "t"}, {"TEXT ": "c"}]
    scored = Scored(tmp_path, {"x.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines).encode()})
    [path] = (tmp_path / "scores/data").iterdir()
    table = parquet.read_table(path)
    assert not scored.reasons() and table.column_names[:2] == ["Text", "source"]
    assert table.select([0, 1]).to_pydict() == {"Text": ["a", "b", "c"], "source": ["s", "t", None]}


@pytest.mark.parametrize(
    ("columns", "lines", "reason"),
    [
        (Columns(), [{"k": 1}, {"m": 2}], "no column text, but k"),
        (Columns(title="head"), [{"text": "a"}, {"text": "b"}], "no column head, but text"),
    ],
)
def test_a_column_that_no_object_has_is_named(
    tmp_path: Path, columns: Columns, lines: list[dict[str, Any]], reason: str
) -> None:
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    assert Scored(tmp_path, {"x.jsonl": content}, columns).reasons() == {"x.jsonl": reason}


def test_a_new_name_in_every_object_costs_no_square(tmp_path: Path) -> None:
    content = b"".join(b'{"text":"a","k%d":1}\n' % number for number in range(1500))
    [piece] = rows.pieces(io.BytesIO(content), "x.jsonl", len(content), Columns(), 2000, lambda _: False)
    assert (piece.table.num_columns, len(piece.numbers), len(piece.lines)) == (1000, 999, 501)
    first = json.loads(piece.lines[0])
    assert first["reason"] == TOO_WIDE and '"k999"' in first["raw"]


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x0c", "\x1d"])
def test_a_files_name_may_hold_what_ends_a_line_elsewhere(tmp_path: Path, end: str) -> None:
    scored = Scored(tmp_path, {f"x{end}y.tsv": GOOD["good.tsv"]})
    [one] = scored.shards()
    assert one.shard
    kept = ledger.Ledger(scored.output, {(one.shard.id, 0): one.shard}, now={one.file: one.shard.id})
    kept.write()
    assert list_of_shards.read(scored.output) == [one.shard]


def test_what_is_none_of_the_archives_is_named_and_keeps_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "secret.tsv").write_bytes("text\n秘密\n".encode())
    (tmp_path / "archive/link.tsv").symlink_to(tmp_path / "secret.tsv")
    (tmp_path / "archive/folder").symlink_to(tmp_path)
    (tmp_path / "archive" / os.fsdecode(b"\xff.tsv")).write_bytes(b"text\na\n")
    with (tmp_path / "archive/holes.tsv").open("wb") as file:
        file.write(b"text\n")
        file.truncate(1 << 40)
    scored = Scored(tmp_path, GOOD)
    assert [one.file for one in scored.shards()] == ["good.tsv"]
    reasons = scored.reasons()
    assert sorted(reasons) == ["\\xff.tsv", "folder/", "holes.tsv", "link.tsv"]
    assert (reasons["link.tsv"], reasons["\\xff.tsv"]) == (places.OUTSIDE, places.NO_NAME)
    assert not any(one.again for one in scored.outcomes), "they keep readers from no scores"


def test_scores_of_files_of_which_nothing_is_known_now_are_not_gone(tmp_path: Path) -> None:
    first = Scored(tmp_path, {"good.tsv": GOOD["good.tsv"], "other.tsv": GOOD["good.tsv"]})
    kept = {(one.shard.id, 0): one.shard for one in first.shards() if one.shard}
    found = ledger.Ledger(first.output, kept, unknown=("good.tsv",))
    assert [shard.file for shard in found.of_no_file()] == ["other.tsv"]
    assert ledger.Ledger(first.output, kept, unknown=("",)).of_no_file() == []


def test_a_few_hundred_bytes_are_no_million_rows_and_no_gigabyte(tmp_path: Path) -> None:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int32()), pa.array(["長" * 100_000]))
    scored = Scored(
        tmp_path,
        {
            **GOOD,
            "bomb.parquet": packed({"text": long}),
            "nulls.parquet": packed({"text": pa.nulls(100_000, pa.string())}),
            "plain.parquet": packed({"text": ["長" * 6_000_000]}),
            "packed.jsonl.zst": zstandard((b'{"text":"a","x":"%s"}\n' % (b"a" * 900_000)) * 19),
        },
    )
    assert max((tmp_path / "archive" / name).stat().st_size for name in ("bomb.parquet", "nulls.parquet")) < 20_000
    assert scored.reasons() == {
        "bomb.parquet": parquet_rows.UNPACKS,
        "nulls.parquet": parquet_rows.MANY_ROWS,
        "packed.jsonl.zst": "the packed file unpacks to more than 200 times its size",
        "plain.parquet": parquet_rows.UNPACKS,
    }
    assert "good.tsv" in {one.file for one in scored.shards()}


BAD = pa.Array.from_buffers(pa.string(), 4, pa.array([b"\xff\xfe", b"ok", b"\xed\xa0\x80", b"z"]).buffers())
FAR = pa.array([2**62, 0, None, 5], pa.int64())


@pytest.mark.parametrize("name", ["title", "source", "time", "id", "other"])
@pytest.mark.parametrize(
    "values",
    [BAD, BAD.dictionary_encode(), FAR, FAR.cast(pa.timestamp("us")), FAR.cast(pa.timestamp("ms", "UTC")),
     FAR.cast(pa.timestamp("us", "Mars/Olympus")), FAR.cast(pa.duration("s")), pa.array([2**64 - 1] * 4, pa.uint64()),
     pa.array([2**31 - 1, 0, None, 5], pa.int32()).cast(pa.date32()), pa.array([[1], None, [], [2]])],
    ids=lambda values: str(values.type),
)  # fmt: skip
def test_whatever_a_column_holds_the_posts_are_scored_and_compared(tmp_path: Path, name: str, values: pa.Array) -> None:
    scored = Scored(tmp_path, {"x.parquet": packed({"text": TEXTS, name: values})})
    [one] = scored.shards()
    assert one.shard and one.shard.scored == 4
    found = scored.compared()
    assert int(found.total.sum()) == 4 and len(found.examples()) == 4


def test_a_time_to_the_nanosecond_has_its_month(tmp_path: Path) -> None:
    times = pa.array([1_767_225_599_123_456_789] * 4).cast(pa.timestamp("ns", "UTC"))  # the end of 2025 in London
    scored = Scored(tmp_path, {"x.parquet": packed({"text": TEXTS, "time": times})})
    assert [part.name for part in scored.compared().by_month()] == ["2026-01"]


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"good.tsv":1}', b'{"good.tsv":["1"]}', b"\0", b"[" * 99_999])
def test_damaged_digests_are_made_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / archives.DIGESTS).write_bytes(content)
    assert len(Scored(tmp_path, GOOD).shards()) == 1
    assert b"good.tsv" in (tmp_path / "scores" / archives.DIGESTS).read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"PAR1\0\0\0\0PAR1"])
def test_scores_that_are_gone_or_damaged_are_named(tmp_path: Path, content: bytes | None) -> None:
    scored = Scored(tmp_path, GOOD)
    [path] = (tmp_path / "scores/data").iterdir()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path} must hold the scores that were written"):
        scored.compared()


@pytest.mark.parametrize("columns", [Columns(), Columns(title="head")])
def test_a_text_that_is_a_title_is_found_in_the_scores(tmp_path: Path, columns: Columns) -> None:
    name = columns.title or "title"
    Scored(tmp_path, {"x.tsv": f"text\t{name}\n好吃\t這是我的名字\n".encode()}, columns)
    (tmp_path / "scores/version.json").write_text(made(columns), encoding="utf-8")
    [path] = (tmp_path / "scores/data").iterdir()
    found = [holding.holds(path, frozenset({identity(text)})) for text in ("這是我的名字", "好吃", "別的")]
    assert found == [True, True, False]
    (tmp_path / "scores/version.json").write_bytes(b"{")
    with pytest.raises(OSError, match=r"version\.json must be JSON"):
        holding.holds(path, frozenset({identity("別的")}))


def made(columns: Columns) -> str:
    import msgspec

    from sentiment.scoring.current import Made

    about = Made(version=1, model="m", labels=["a", "b", "c"], columns=columns, shard_rows=100, source="archive")
    return msgspec.json.encode(about).decode()


@pytest.mark.parametrize("given", [b"", b"text\n", b"text\ngood\nand more than was asked for\n"])
def test_a_store_that_gives_less_or_more_than_it_should_ends_no_file(
    monkeypatch: pytest.MonkeyPatch, given: bytes
) -> None:
    class Store:
        def get_object(self, **_: Any) -> dict[str, Any]:
            return {"Body": io.BytesIO(given)}

    monkeypatch.setattr(places, "_client", Store)
    file = places.Listed("x.tsv", 10, "tag-10")
    with pytest.raises(places.Changed, match="of 10 bytes"), places.BucketPlace("s3://posts").open(file) as opened:
        opened.read()


def test_an_object_that_is_refused_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    class Store:
        def get_object(self, **_: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "InvalidObjectState", "Message": "it is frozen"}}, "GetObject")

    monkeypatch.setattr(places, "_client", Store)
    place = places.BucketPlace("s3://posts")
    with pytest.raises(places.Changed, match="the store refuses it: InvalidObjectState it is frozen"):
        place.open(places.Listed("x.tsv", 10, "tag-10")).read()


def test_a_file_that_may_not_be_read_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**GOOD, "b.parquet": packed({"text": TEXTS})}
    assert len(Scored(tmp_path, files).shards()) == 2, "and its digest is known from now on"
    whole = FolderPlace.open

    def forbidden(self: FolderPlace, file: places.Listed) -> Any:  # the tests may be run by root, who may read all
        if file.name == "b.parquet":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return whole(self, file)

    monkeypatch.setattr(FolderPlace, "open", forbidden)
    scored = Scored(tmp_path, {})
    assert scored.reasons() == {"b.parquet": "Permission denied"} and len(scored.shards()) == 1


@pytest.mark.parametrize("kind", ["link", "link of a folder", "pipe"])
def test_what_takes_a_files_place_after_the_listing_is_not_read(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "outside/post.tsv"
    secret.parent.mkdir()
    secret.write_bytes(b"" if kind == "pipe" else "text\n秘密\n".encode())
    archive = tmp_path / "archive"
    (archive / "folder").mkdir(parents=True)
    there = archive / "folder/post.tsv"
    there.write_bytes(secret.read_bytes())
    os.utime(there, ns=(0, secret.stat().st_mtime_ns))  # what a stamp is made of, its owner sets
    [listed] = FolderPlace(str(archive)).listed()
    if kind == "link of a folder":
        there.parent.rename(tmp_path / "away")
        there.parent.symlink_to(secret.parent)
    else:
        there.unlink()
        os.mkfifo(there) if kind == "pipe" else there.symlink_to(secret)
        os.utime(there, ns=(0, secret.stat().st_mtime_ns))
    with pytest.raises((UnreadableFile, places.Changed)) as caught:
        FolderPlace(str(archive)).open(listed)
    assert str(caught.value) == (places.CHANGED if kind == "pipe" else places.OUTSIDE)


def test_what_may_not_be_looked_at_is_named_and_keeps_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may be listed and not entered (mode 444), whoever made it."""
    whole = Path.stat

    def forbidden(self: Path, **how: Any) -> os.stat_result:  # the tests may be run by root, who may look at all
        if self.name == "shut.tsv":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return whole(self, **how)

    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/nowhere.tsv").symlink_to(tmp_path / "nothing")
    monkeypatch.setattr(Path, "stat", forbidden)
    scored = Scored(tmp_path, {**GOOD, "shut.tsv": b"text\na\n"})
    assert scored.reasons() == {"shut.tsv": "Permission denied"} and len(scored.shards()) == 1
    assert [one.again for one in scored.plan.refused] == [True]


def deep_parquet(levels: int) -> bytes:
    """Returns a Parquet file without rows, of one column nested so deep: a footer in Thrift's compact form."""
    schema = b"\x48\x01s\x15\x02\0" + b"\x35\0\x18\x01a\x15\x02\0" * levels + b"\x15\x02\x25\0\x18\x01b\0"
    parts = levels + 2
    number = bytes([parts % 128 + 128, parts // 128 % 128 + 128, parts // 128**2])
    footer = b"\x15\x02\x19\xfc" + number + schema + b"\x16\0\x19\x0c\0"
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


@pytest.mark.parametrize("levels", [1_000, 4_900, 19_000, 1_000_000])
def test_a_column_that_is_nested_without_end_ends_its_file_alone(tmp_path: Path, levels: int) -> None:
    scored = Scored(tmp_path, {**GOOD, "deep.parquet": deep_parquet(levels)})
    assert len(scored.shards()) == 1
    assert set(scored.reasons()) == {"deep.parquet"} and len(scored.reasons()["deep.parquet"]) < 300
    assert (parquet_rows.MANY_PARTS in scored.reasons()["deep.parquet"]) == (levels > 5_000)


def test_a_list_of_millions_in_one_row_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    values = 4_000_000
    lists = pa.ListArray.from_arrays(pa.array([0, values], pa.int32()), pa.array(np.zeros(values, np.int64)))
    honest = pa.ListArray.from_arrays(pa.array([0, 1_000], pa.int32()), pa.array(np.arange(1_000)))
    files = {
        "bomb.parquet": packed({"text": ["好"], "x": lists}),
        "list.parquet": packed({"text": ["好"], "x": honest}),
    }
    assert len(files["bomb.parquet"]) < 10_000
    scored = Scored(tmp_path, {**GOOD, **files})
    assert scored.reasons() == {"bomb.parquet": parquet_rows.MANY_VALUES} and len(scored.shards()) == 2


def test_sources_and_months_are_counted_each_by_themselves(tmp_path: Path) -> None:
    """A month of every source, each counted by itself, would be their product."""
    sources, months = 40, 30
    rows = [
        (f"s{source}", f"{2000 + month // 12}-{month % 12 + 1:02}-01")
        for source in range(sources)
        for month in range(months)
    ]
    columns = {
        "text": [f"好{n}" for n in range(len(rows))],
        "source": [s for s, _ in rows],
        "time": [t for _, t in rows],
    }
    found = Scored(tmp_path, {"x.parquet": packed(columns)}).compared()
    assert (len(found.of_sources), len(found.of_months)) == (sources, months)
    assert sum(part.posts for part in found.by_month()) == len(rows) == int(found.total.sum())
    assert found.by_source()[1] == sources - changed.SOURCES

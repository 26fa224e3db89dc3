"""Whole deliveries of every form: what is good is taken in, and every other row has a line in the quarantine."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as searching
from hypothesis import strategies as st
from pyarrow import parquet
from support.results import in_json

from sentiment.data import ingest as ingesting
from sentiment.data.delivery import Delivery
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.ledger import opened
from sentiment.data.quarantine import quarantining, rows_of
from sentiment.labels import Labels
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)


Deliver = Callable[[str, Any], Path]
ROWS = [("推:好吃,又便宜", 0, "火鍋", "PTT"), ("難\t吃「真的」", 1, "", ""), ('他說"還好"', 2, "手機", "Dcard")]
EXPECTED = {"推:好吃,又便宜": 0, "難 吃「真的」": 1, '他說"還好"': 2}


def as_table() -> pa.Table:
    columns = zip(*ROWS, strict=True)
    return pa.table(dict(zip(("text", "label", "title", "source"), map(list, columns), strict=True)))


def as_parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def as_objects() -> list[dict[str, Any]]:
    return [dict(zip(("text", "label", "title", "source"), row, strict=True)) for row in ROWS]


def as_delimited(delimiter: str) -> str:
    rows = [("text", "label", "title", "source"), *ROWS]
    quoted = ('"' + str(field).replace('"', '""') + '"' for row in rows for field in row)
    return "".join(f"{field}{delimiter if number % 4 else chr(10)}" for number, field in enumerate(quoted, 1))


TSV, CSV = as_delimited("\t"), as_delimited(",")
JSON_LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in as_objects())
FORMS = {
    "a.tsv": (TSV.encode(), "TSV", "UTF-8"),
    "b.csv": (CSV.replace("\n", "\r\n").encode("utf-8-sig"), "CSV", "UTF-8 with BOM"),
    "c.csv": (TSV.encode("utf-16"), "TSV", "UTF-16 LE"),
    "d.tsv": (TSV.encode("cp950"), "TSV", "Big5"),
    "e.jsonl": (JSON_LINES.encode(), "JSON Lines", "UTF-8"),
    "f.json": (json.dumps(as_objects(), indent=1).encode(), "JSON", "UTF-8"),
    "g.json": (JSON_LINES.encode("cp950"), "JSON Lines", "Big5"),
    "h.jsonl": (json.dumps(as_objects()).encode("utf-16-be"), "JSON", "UTF-16 BE"),
    "i.json": (json.dumps(as_objects()[0], indent=1).encode(), "JSON", "UTF-8"),
    "j.parquet": (as_parquet(as_table()), "Parquet", ""),
}


@pytest.mark.parametrize("packed", [False, True])
def test_every_form_gives_the_same_posts(settings: Settings, deliver: Deliver, packed: bool) -> None:
    for name, (content, _, _) in FORMS.items():
        deliver(f"{name}.gz" if packed else name, gzip.compress(content) if packed else content)
    deliveries = ingest(settings.source_folder, settings)["deliveries"]
    gz = ", gzip" if packed else ""
    assert [(item["form"], item["encoding"]) for item in deliveries] == [
        (form + gz, encoding) for _, form, encoding in FORMS.values()
    ]
    assert [item["quarantined"] for item in deliveries] == [0] * len(FORMS)
    assert [item["accepted"] + item["duplicate"] for item in deliveries] == [3] * 8 + [1, 3]
    with opened(settings.posts_database) as ledger:
        posts = {item.post.text: item.post for item in ledger.posts()}
    assert {text: post.label for text, post in posts.items()} == EXPECTED
    assert (posts["推:好吃,又便宜"].title, posts["推:好吃,又便宜"].source) == ("火鍋", "PTT")


def test_a_cut_gzip_file_keeps_what_came_before(settings: Settings, deliver: Deliver) -> None:
    lines = "text\tlabel\n" + "".join(f"第{number}篇{hash(str(number))}\t1\n" for number in range(2_000))
    packed = gzip.compress(lines.encode())
    deliver("a.tsv.gz", packed[: len(packed) // 2])
    (delivery,) = ingest(settings.source_folder, settings)["deliveries"]
    assert delivery["accepted"] > 500
    assert delivery["reasons"] == {"the gzip file is cut off": 1}
    deliver("a.tsv.gz", packed)
    (delivery,) = ingest(settings.source_folder, settings)["deliveries"]
    assert (delivery["accepted"] + delivery["duplicate"], delivery["quarantined"]) == (2_000, 0)


def test_a_table_of_very_many_columns_is_not_read(settings: Settings, deliver: Deliver) -> None:
    more = [f"c{number}" for number in range(1_000)]
    deliver("a.tsv.gz", gzip.compress("\t".join(["text", "label", *more]).encode() + b"\nx\t0" * 100))
    deliver("b.csv", ",".join(["text", "label", *more[:998]]) + "\n好吃,0\n")
    deliver(
        "c.jsonl",
        json.dumps({"text": "很好吃", "label": 0, **dict.fromkeys(more)}) + '\n{"text": "難吃", "label": 1}\n',
    )
    out = io.BytesIO()
    parquet.write_table(pa.table({name: ["0"] for name in ("text", "label", *more)}), out)
    deliver("d.parquet", out.getvalue())
    found = {each["key"]: each for each in ingest(settings.source_folder, settings)["deliveries"]}
    assert [found[key]["accepted"] for key in sorted(found)] == [0, 1, 1, 0]
    assert found["a.tsv.gz"]["reasons"] == found["d.parquet"]["reasons"] == {"the file has more than 1,000 columns": 1}
    assert found["c.jsonl"]["reasons"] == {"a JSON object of more than 1,000 fields": 1}


def read(content: bytes, name: str) -> list[Record]:
    try:
        return list(read_file(io.BytesIO(content), name, Labels()).records)
    except UnreadableFile as error:
        return [Record(0, error.raw, error=str(error))]


def in_file(path: Path, content: bytes) -> list[Record]:
    path.write_bytes(content)
    with path.open("rb") as file:
        try:
            return list(read_file(file, "a.parquet", Labels()).records)
        except UnreadableFile as error:
            return [Record(0, "", error=str(error))]


@pytest.mark.parametrize(
    ("table", "errors"),
    [
        ({"text": ["好"], "label": [[0]]}, [""]),
        ({"text": ["好"], "label": [[0, 1]]}, ["more than one label"]),
        ({"text": [1.5], "label": [0]}, ["text is a number"]),
        ({"text": [{"a": 1}], "label": [0]}, ["text is an object"]),
        ({"text": [b"\xe5\xa5\xbd", None], "label": [0.0, 1.0]}, ["", "no text"]),
        ({"text": ["好"], "other": [0]}, ["the file has no columns text and label"]),
        ({"text": pa.array([b"\xff\xfe", b"ok"]).cast("binary").view("binary"), "label": [0, 1]}, ["", ""]),
        ({"text": pa.array([], "string"), "label": pa.array([], "int64")}, []),
    ],
)
def test_parquet_of_other_types(tmp_path: Path, table: dict[str, Any], errors: list[str]) -> None:
    assert [record.error for record in in_file(tmp_path / "a", as_parquet(pa.table(table)))] == errors


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"PAR1PAR1", b"PAR1" + b"\xff" * 60 + b"PAR1", b"text\tlabel\n"])
def test_a_broken_parquet_file_has_a_reason(tmp_path: Path, damage: bytes) -> None:
    (record,) = in_file(tmp_path / "a", damage)
    assert record.error.startswith("the file is") and record.number == 0


@pytest.mark.parametrize("at", [5, 40, 200, -9, -20, -150, -300])
def test_a_parquet_file_with_a_broken_byte_ends(tmp_path: Path, at: int) -> None:
    content = bytearray(as_parquet(as_table()))
    content[at] ^= 0xFF
    assert in_file(tmp_path / "a", bytes(content))


def test_parquet_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, "int32"), ["好" * 300_000])
    table = pa.table({"text": text, "label": [0] * 1_000})
    records = in_file(tmp_path / "a", as_parquet(table))
    assert records[-1].error == "the Parquet file needs too much memory to read"


NAMES = ["a.tsv", "a.csv", "a.json", "a.jsonl", "a.parquet", "a.tsv.gz"]
STARTS = [b"", b"text\tlabel\n", b"text,label\n", b"[", b'{"text": "', b"\xff\xfe", b"\x1f\x8b\x08\0", b"\xef\xbb\xbf"]
PARTS = st.lists(
    st.binary(max_size=20) | st.sampled_from([b"\n", b"\t", b'"', b"\r\n", b'{"text":"a","label":0}', b"\xa6n\t1\n"]),
    max_size=12,
).map(b"".join)


@given(st.sampled_from(NAMES), st.sampled_from(STARTS), PARTS, st.sampled_from([None, 6, 40]))
@example("a.jsonl", b"", b'{"text": "\\ud800", "label": 0}\n{"text": "a\\u0000", "label": 1e400}', None)
@example("a.json", b"[", b'{"text": "a", "label": ' + b"9" * 5_000 + b"}]", None)
@example("a.tsv", b"text\tlabel\n", "\u202e好\u2066\t0\n\ud800\t1\n".encode("utf-8", "surrogatepass"), None)
@searching(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_crash_or_lose_a_row(
    tmp_path: Path, name: str, start: bytes, content: bytes, packed_to: int | None
) -> None:
    whole = start + content
    delivered = gzip.compress(whole)[:packed_to] if packed_to else whole
    records = read(delivered, name)
    quarantine_folder = tmp_path / "quarantine"
    with (
        opened(tmp_path / "ledger.sqlite") as ledger,
        ledger.writing(),
        quarantining(quarantine_folder, 1, name) as quarantine,
    ):
        delivery = Delivery(ledger, quarantine, 1, Labels(), 0.2)
        delivery.take_in(iter(records))
        if not ledger.deliveries():
            ledger.record(1, name, "hash", delivery.counts)
    counts = delivery.counts
    assert counts.accepted + counts.duplicate + counts.relabelled + counts.quarantined == len(records)
    assert sum(quarantine.reasons.values()) == counts.quarantined
    kept = [row for path in quarantine_folder.iterdir() for row in rows_of(path)]
    assert len(kept) == counts.quarantined
    assert all(row["reason"] and row["line"].isdigit() for row in kept)

"""Archives: each member is a delivery of its own, bounded, and named when it is not read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentiment import disk
from sentiment.data.claims import CONTESTED, PLAIN
from sentiment.data.formats import archive
from sentiment.data.ingest import ingest
from sentiment.data.ledger import opened
from sentiment.data.source.source import LEADS_OUT
from sentiment.results.record import as_json
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]
TSV = "text\tlabel\n{}\t0\n"


def packed(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return out.getvalue()


def ingested(settings: Settings) -> dict[str, Any]:
    return dict(as_json(ingest(settings.source_folder, settings)))


def texts(settings: Settings) -> set[str]:
    with opened(settings.posts_database) as ledger:
        return {item.post.text for item in ledger.posts()}


def test_members_are_deliveries_and_come_once(settings: Settings, deliver: Deliver) -> None:
    members: dict[str, str | bytes] = {
        "admin.jsonl": '{"id": 1, "text": "麵線很滑順", "label": ["正面"], "Comments": []}\n',
        "資料/big5.csv": "text,label\n服務很好\n這家店不會再來,1\n".encode("big5"),
        "notes.txt": "hello",
        "inner.zip": packed({"x.tsv": TSV.format("藏起來")}),
        "packed.tsv.gz": b"\x1f\x8b",
        "__MACOSX/._admin.jsonl": b"\0\0",
        "folder/": b"",
    }
    deliver("export.zip", packed(members))
    result = ingested(settings)
    assert [item["key"] for item in result["deliveries"]] == ["export.zip/admin.jsonl", "export.zip/資料/big5.csv"]
    assert (result["accepted"], result["quarantined"]) == (2, 1)
    reasons = {item["key"]: item["reason"].split(":")[0] for item in result["not_read"]}
    assert reasons == {
        "export.zip/notes.txt": "a file of the kind .txt is not read",
        "export.zip/inner.zip": "an archive within an archive is not read",
        "export.zip/packed.tsv.gz": "an archive within an archive is not read",
    }
    assert texts(settings) == {"麵線很滑順", "這家店不會再來"}
    again = ingested(settings)
    assert (again["deliveries"], again["not_read"]) == ([], [])
    deliver("export.zip", packed({"admin.jsonl": members["admin.jsonl"], "new.tsv": TSV.format("新的")}))
    assert [item["key"] for item in ingested(settings)["deliveries"]] == ["export.zip/new.tsv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04" + b"\0" * 100, "the file is not a complete ZIP archive"),
        (b"no archive", "the file is not a complete ZIP archive"),
        (
            packed({f"{number}.tsv": b"" for number in range(archive.MOST_MEMBERS + 1)}),
            "the archive holds more than 10,000 files",
        ),
        (packed({"a.tsv": bytes(100 << 20)}), "the archive unpacks to more than 200 times its size"),
    ],
)
def test_what_cannot_be_unpacked_is_quarantined_whole(
    settings: Settings, deliver: Deliver, content: bytes, reason: str
) -> None:
    deliver("a.zip", content)
    (delivery,) = ingested(settings)["deliveries"]
    assert (delivery["key"], delivery["reasons"]) == ("a.zip", {reason: 1})
    assert ingested(settings)["deliveries"] == []


def test_a_member_that_does_not_fit_on_the_disk_waits_and_the_others_are_taken(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free", lambda _: 2_000_000)
    deliver("a.zip", packed({"large.tsv": TSV.format("好" * 400_000), "small.tsv": TSV.format("還好")}))
    result = ingested(settings)
    assert [item["key"] for item in result["deliveries"]] == ["a.zip/small.tsv"]
    [left] = result["left"]
    assert left["key"] == "a.zip/large.tsv"
    assert left["reason"].startswith("a copy of it takes 1.2 MB, and the disk has 1.0 MB for one: make room")
    monkeypatch.undo()
    assert [item["key"] for item in ingested(settings)["deliveries"]] == ["a.zip/large.tsv"]


def test_damaged_and_encrypted_members_are_named(settings: Settings, deliver: Deliver) -> None:
    content = bytearray(packed({"a.tsv": TSV.format("好" * 50), "b.tsv": TSV.format("還好")}))
    content[40] ^= 0xFF  # within the first member's data
    deliver("damaged.zip", bytes(content))
    locked = bytearray(packed({"a.tsv": TSV.format("好吃")}))
    for at in (locked.index(b"PK\x03\x04") + 6, locked.index(b"PK\x01\x02") + 8):
        locked[at] |= 1
    deliver("locked.zip", bytes(locked))
    result = ingested(settings)
    assert {item["key"]: item["reason"] for item in result["not_read"]} == {
        "damaged.zip/a.tsv": "it cannot be unpacked: its data is damaged",
        "locked.zip/a.tsv": "it is encrypted: deliver it without a password",
    }
    assert texts(settings) == {"還好"}


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA"), (93, "Zstandard"), (77, "method 77")]
)
def test_what_zipfile_unpacks_without_bound_is_not_unpacked(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, method: int, name: str
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.tsv", TSV.format("好") + " " * 8_000_000, method if method in (12, 14) else None)
        target.writestr("b.tsv", TSV.format("還好"))
        target.writestr("c.tsv", TSV.format("普通"), zipfile.ZIP_STORED)
    content = bytearray(out.getvalue())
    at = content.index(b"PK\x01\x02")
    content[at + 10 : at + 12] = method.to_bytes(2, "little")
    content[at + 24 : at + 28] = (100).to_bytes(4, "little")  # of its size it says nothing that is true
    opened_members: set[str] = set()
    real = zipfile.ZipFile.open

    def noted(self: zipfile.ZipFile, info: zipfile.ZipInfo, *more: Any) -> Any:
        opened_members.add(info.filename)
        return real(self, info, *more)

    monkeypatch.setattr(zipfile.ZipFile, "open", noted)
    deliver("a.zip", bytes(content))
    result = ingested(settings)
    assert {item["key"]: item["reason"] for item in result["not_read"]} == {
        "a.zip/a.tsv": f"it is packed by {name}: pack it by Deflate, as .zip files usually are"
    }
    assert opened_members == {"b.tsv", "c.tsv"} and texts(settings) == {"還好", "普通"}


def test_names_in_the_packers_own_encoding(settings: Settings, deliver: Deliver) -> None:
    info = zipfile.ZipInfo("x.tsv")
    info.filename = "第一批標註資料.tsv".encode("big5").decode("cp437")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr(info, TSV.format("好"))
    content = out.getvalue().replace(info.filename.encode(), "第一批標註資料.tsv".encode("big5"))
    found, fault = archive.members(io.BytesIO(out.getvalue()))
    assert content and not fault and [member.name for member in found] == [info.filename]
    plain = zipfile.ZipInfo("第一批標註資料.tsv".encode("big5").decode("cp437"))
    plain.flag_bits = 0
    assert archive._name(plain) == "第一批標註資料.tsv"


def doccano(*rows: tuple[int, str, list[str]]) -> str:
    return "".join(f"{json.dumps({'id': number, 'text': text, 'label': label})}\n" for number, text, label in rows)


@pytest.mark.parametrize(("second", "standing"), [("bob", PLAIN), ("alice", CONTESTED)])
def test_who_contradicts_himself_says_nothing_about_another_source_s_text(
    settings: Settings, deliver: Deliver, second: str, standing: int
) -> None:
    by_folder = replace(settings, source_from="folder")
    deliver("alice/a.tsv", TSV.format("好吃"))
    assert ingested(by_folder)["accepted"] == 1
    deliver(f"{second}/b.zip", packed({"1.tsv": "text\tlabel\n好吃\t1\n", "2.tsv": "text\tlabel\n好吃\t2\n"}))
    assert ingested(by_folder)["quarantined"] == 2
    with opened(settings.posts_database) as ledger:
        assert [post.standing for post in ledger.posts()] == [standing]


def test_annotators_who_disagree_from_file_to_file_are_not_believed(settings: Settings, deliver: Deliver) -> None:
    """doccano packs one file an annotator, and `all.jsonl` with what each of them said."""
    members = {
        "alice.jsonl": doccano((1, "湯頭很濃", ["正面"]), (2, "等太久", ["負面"]), (3, "普通", ["中立"])),
        "all.jsonl": doccano((1, "湯頭很濃", ["正面", "負面"]), (2, "等太久", ["負面"])),
        "bob.jsonl": doccano((1, "湯頭很 濃", ["負面"]), (2, "等太久", ["負面"])),
    }
    deliver("export.zip", packed(members))
    result = ingested(settings)
    assert [item["reasons"] for item in result["deliveries"]] == [
        {"annotators disagree": 1},
        {"more than one label": 1},
        {"annotators disagree": 1},
    ]
    with opened(settings.posts_database) as ledger:
        assert sorted((post.post.text, post.post.label) for post in ledger.posts()) == [("普通", 2), ("等太久", 1)]


def test_a_refused_answer_is_not_taken_from_quarantine_as_it_is(settings: Settings, deliver: Deliver) -> None:
    members = {name: TSV.format(f"等太久\t{label}\n難吃") for name, label in (("a.tsv", 0), ("b.tsv", 1))}
    deliver("export.zip", packed(members))
    back = [Path(item["quarantine_file"]) for item in ingested(settings)["deliveries"]]
    for number, path in enumerate(back):
        deliver(f"again-{number}.tsv", path.read_bytes())
    assert sum(item["accepted"] for item in ingested(settings)["deliveries"]) == 0


def test_a_damaged_member_says_nothing_of_the_others(settings: Settings, deliver: Deliver) -> None:
    deliver("export.zip", packed({"a.tsv": TSV.format("好吃"), "b.json": "{", "c.tsv": TSV.format("好吃") + "\n"}))
    assert [item["accepted"] for item in ingested(settings)["deliveries"]] == [1, 0, 0]


@pytest.mark.parametrize("name", ["../../../evil.tsv", "a/../../evil.tsv", "..\\evil.tsv"])
def test_a_member_whose_name_leads_out_is_refused_by_its_name(settings: Settings, deliver: Deliver, name: str) -> None:
    deliver("export.zip", packed({name: TSV.format("難吃"), "b.tsv": TSV.format("好吃"), ".hidden.tsv": "", "...": ""}))
    result = ingested(settings)
    assert [item["key"] for item in result["deliveries"]] == ["export.zip/b.tsv"]
    (refused,) = result["not_read"]
    assert refused["key"].endswith("../evil.tsv") and refused["reason"] == LEADS_OUT

"""Forget and the files that ingest took a text from: none of them keeps it without being named."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.results import in_json

from sentiment.data import ingest as ingesting
from sentiment.lineage import forget as forget_module
from sentiment.lineage.texts import Texts
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)
LONG, SHORT = "這家餐廳的服務員態度真的非常好吃我會再來", "短短好"
ESCAPED = f'{{"text": {json.dumps(LONG)}, "label": "正面"}}\n'
LOUD = f'{{"text": "{"".join(f"{chr(92)}u{ord(character):04X}" for character in LONG)}", "label": "正面"}}\n'
TASK = {"id": 1, "data": {"text": SHORT}, "annotations": [{"result": [{
    "type": "choices", "from_name": "s", "value": {"choices": ["正面"]}}]}]}  # fmt: skip


def zipped(name: str, content: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.md", "no delivery")
        archive.writestr(name, content)
    return packed.getvalue()


# What it is: the text, the file's name, its content, and the hidden or foreign name of the file that it links to.
KINDS: dict[str, tuple[str, str, bytes, str]] = {
    "a column named data": (SHORT, "a.csv", f"data,label\n{SHORT},正面\n".encode(), ""),
    "a column named data in Big5": (LONG, "a.csv", f"data,label\n{LONG},正面\n".encode("cp950"), ""),
    "doubled quotes": ('這家"餐廳', "a.csv", 'data,label\n"這家""餐廳",正面\n'.encode(), ""),
    "commas in a TSV": (SHORT, "a.tsv", f"text,label\n{SHORT},正面\n".encode(), ""),
    "tabs in a CSV in Big5": (LONG, "a.csv", f"text\tlabel\n{LONG}\t正面\n".encode("cp950"), ""),
    "spaces within": (LONG, "a.tsv", f"data\tlabel\n{LONG[:4]} {LONG[4:]}\t正面\n".encode(), ""),
    "a suffix and escapes in capitals": (LONG, "a.JSONL", LOUD.encode(), ""),
    "short, a suffix in capitals": (SHORT, "a.JSON", json.dumps([{"text": SHORT, "label": "正面"}]).encode(), ""),
    "UTF-16": (LONG, "a.JSON", json.dumps([{"text": LONG, "label": "正面"}]).encode("utf-16"), ""),
    "a short text at the key data": (SHORT, "a.json", json.dumps([{"data": SHORT, "label": "正面"}]).encode(), ""),
    "a task of Label Studio": (SHORT, "a.json", json.dumps([TASK]).encode(), ""),
    "a broken line behind escapes": (LONG, "a.jsonl", f"{LOUD}broken\n".encode(), ""),
    "a broken line, a short text": (SHORT, "a.jsonl", f'{{"text": "{SHORT}", "label": "正面"}}\nbroken\n'.encode(), ""),
    "a broken element": (LONG, "a.json", f"[{LOUD},\n{{broken}}]".encode(), ""),
    "lines in a .json": (LONG, "a.json", (ESCAPED + '{"text": "a b c", "label": "負面"}\n').encode(), ""),
    "a line in no encoding": (LONG, "a.jsonl", ESCAPED.encode() + b'{"text": "\xff", "label": "1"}\n', ""),
    "gzip by another name": (LONG, "a.JSONL", gzip.compress(ESCAPED.encode()), ""),
    "a link to weights": (LONG, "a.tsv", f"text\tlabel\n{LONG}\t正面\n".encode(), "a.bin"),
    "a link to a hidden graph": (LONG, "a.tsv", gzip.compress(f"text\tlabel\n{LONG}\t正面\n".encode()), ".a.pb"),
    "a link to no suffix": (LONG, "a.tsv", gzip.compress(f"text\tlabel\n{LONG}\t正面\n".encode()), "a"),
    "an archive": (SHORT, "a.zip", zipped("b.tsv", f"text\tlabel\n{SHORT}\t正面\n"), ""),
    "an archive in capitals": (SHORT, "a.ZIP", zipped("b.csv", f"data,label\n{SHORT},正面\n"), ""),
}  # fmt: skip
STAYS = {kind for kind in KINDS if kind.startswith(("a broken", "UTF-16", "gzip", "a link", "an archive"))}


def forget(settings: Settings, text: str, write: bool = True) -> dict[str, Any]:
    return forget_module.forget(Texts([text]), "a request", settings, write)


@pytest.fixture
def inbox(settings: Settings) -> Path:
    folder = Path(settings.source_folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_that_ingest_took_a_text_from_keeps_it_unnamed(settings: Settings, inbox: Path, kind: str) -> None:
    text, name, content, target = KINDS[kind]
    (inbox / (target or name)).write_bytes(content)
    if target:
        (inbox / name).symlink_to(target)
    assert ingest(settings.source_folder, settings)["accepted"] >= 1
    result = forget(settings, text)
    assert result["posts"] == 1
    path = inbox / (target or name)
    assert (path.read_bytes() == content) == (kind in STAYS)
    if kind in STAYS:
        named = f"datasets/inbox/{path.name}"
        assert result["remaining"] == [named]
        assert f"{named} still holds one of them: this system cannot change such files" in forget_module.told(result)
    else:
        assert result["remaining"] == []
        path.rename(inbox / f"again-{name}")  # what is left is read again, and holds the text no more
        again = ingest(settings.source_folder, settings)["deliveries"]
        assert all("forgotten" not in reason for each in again for reason in each["reasons"])


def test_the_rows_beside_it_stay_as_they_were(settings: Settings, inbox: Path) -> None:
    rows = ["text,label\r\n", f"{SHORT},正面\r\n", f"{SHORT}吃,負面\r\n", '"一, 二",中立\r\n']
    (inbox / "a.TSV").write_bytes("".join(rows).encode())
    assert forget(settings, SHORT)["remaining"] == []
    assert (inbox / "a.TSV").read_bytes() == "".join([rows[0], *rows[2:]]).encode()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.tsv", b"%PDF-1.7 and more", "the file is a PDF"),
        ("a.ZIP", b"PK\3\4 and no more", "the file is not a complete ZIP archive"),
    ],
)
def test_what_ingest_cannot_read_is_named_with_its_reason(
    settings: Settings, inbox: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, why: str
) -> None:
    (inbox / name).write_bytes(content)
    assert forget(settings, LONG)["not_searched"] == [f"datasets/inbox/{name}"]
    assert f"{name} is not searched: {why}\n" in capsys.readouterr().err


def test_files_that_do_not_hold_the_text_are_not_named(settings: Settings, inbox: Path) -> None:
    (inbox / "a.csv").write_text("data,label\n留下來的,正面\n", encoding="utf-8")
    (inbox / "empty.tsv").touch()
    (inbox / "b.TSV").write_text("text,label\n也留下來,正面\n,\n\n", encoding="utf-8")
    result = forget(settings, LONG)
    assert (result["remaining"], result["not_searched"]) == ([], [])

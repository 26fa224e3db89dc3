"""Files that take little disk and seem large, or many: neither their time nor their bad rows follow what they seem."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.hostile_deliveries import GOOD, kept, taken

from sentiment.data import quarantine
from sentiment.data.formats import allowance
from sentiment.data.formats.allowance import MOST_SECONDS, OutOfTime, most_seconds
from sentiment.data.formats.child import most_seconds as of_a_child
from sentiment.data.ingest import ingest
from sentiment.data.source.walk import HOLES
from sentiment.digests import sha256_of_content
from sentiment.disk import has_holes
from sentiment.lineage.forget import forget
from sentiment.lineage.texts import Texts
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]
BAD = "text\tlabel\n" + "".join(f"第{number}家好吃的店\t9\n" for number in range(200))


@pytest.fixture
def sparse(settings: Settings, deliver: Deliver) -> Path:
    path = deliver("a.tsv", "text\tlabel\n")
    os.truncate(path, 10 << 40)
    with path.open("rb") as file:
        if not has_holes(file.fileno()):
            pytest.skip("this file system does not tell where a file has holes")
        assert file.tell() == 0
    return path


def test_a_file_of_holes_stops_neither_ingest_nor_forget(settings: Settings, deliver: Deliver, sparse: Path) -> None:
    deliver("b.tsv", GOOD)
    began = time.monotonic()
    result, deliveries = taken(settings)
    assert result["left"] == [{"key": "a.tsv", "reason": HOLES}] and deliveries["b.tsv"]["accepted"] == 1
    told = forget(Texts(["這間店真的很好吃"]), "asked to", settings, write=True)
    assert [Path(name).name for name in told["not_searched"]] == ["a.tsv"] and told["posts"] == 1
    assert time.monotonic() - began < 60


def test_whole_files_have_no_holes(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"x", bytes(1 << 20))):
        path = tmp_path / str(number)
        path.write_bytes(content)
        with path.open("rb") as file:
            assert not has_holes(file.fileno())


def test_no_size_gives_time_without_end() -> None:
    assert most_seconds(10 << 40) == MOST_SECONDS
    assert of_a_child(10 << 40) <= MOST_SECONDS + 120


def test_a_file_is_read_to_its_end_within_its_time_only() -> None:
    allowed, read = allowance.Allowance(1, until=0), io.BytesIO(b"x" * (3 << 20))
    with pytest.raises(OutOfTime):
        sha256_of_content(read, allowed.check)
    assert read.tell() <= 1 << 20


@pytest.mark.parametrize("link", ["hard", "soft", "copy", "zip"])
def test_a_file_counts_once_by_whatever_names(settings: Settings, deliver: Deliver, link: str) -> None:
    first = deliver("a.tsv", BAD)
    for number in range(5):
        path = first.with_name(f"b{number}.tsv")
        if link == "hard":
            path.hardlink_to(first)
        elif link == "soft":
            path.symlink_to(first)
        elif link == "copy":
            deliver(path.name, BAD)
    if link == "zip":
        with zipfile.ZipFile(first.with_name("b.zip"), "w") as archive:
            for number in range(5):
                archive.writestr(f"{number}.tsv", BAD)
    result, deliveries = taken(settings)
    assert list(deliveries) == ["a.tsv"] and len(list(settings.quarantine.iterdir())) == 1
    assert len(result["not_read"]) == 5 and all(item["reason"].endswith(" a.tsv") for item in result["not_read"])
    assert result["left"] == []
    assert ingest(settings.source_folder, settings).deliveries == []


def test_the_same_bytes_of_two_sources_are_two_sources_words(settings: Settings, deliver: Deliver) -> None:
    by_folder = replace(settings, source_from="folder")
    first = deliver("alice/a.tsv", GOOD)
    (first.parent.parent / "bob").mkdir()
    (first.parent.parent / "bob" / "a.tsv").hardlink_to(first)
    deliver("carol/a.tsv", GOOD)
    found = ingest(by_folder.source_folder, by_folder)
    assert [item.key for item in found.deliveries] == ["alice/a.tsv", "bob/a.tsv", "carol/a.tsv"]


def test_a_copy_of_what_could_not_be_taken_in_is_taken(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("a.tsv", GOOD)
    deliver("b.tsv", GOOD)
    left = iter([-1.0])
    monkeypatch.setattr(allowance, "most_seconds", lambda size: next(left, 60.0))
    result, deliveries = taken(settings)
    assert [item["key"] for item in result["left"]] == ["a.tsv"] and list(deliveries) == ["b.tsv"]


@pytest.mark.parametrize(("name", "most"), [("MOST_FILES", 3), ("OF_AN_INGEST", 20_000)])
def test_what_one_ingest_keeps_has_an_end_whatever_the_files_seem_to_take(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(quarantine, name, most)
    for number in range(6):
        deliver(f"{number}.tsv", BAD + f"又一家\t{number + 10}\n")
    _, deliveries = taken(settings)
    files = [item["quarantine_file"] for item in deliveries.values()]
    assert len(list(filter(None, files))) == len(list(settings.quarantine.iterdir())) == 3
    assert [item["quarantined"] for item in deliveries.values()] == [201] * 6
    assert [item["not_copied"] for item in deliveries.values()][-1] == 201
    assert kept(settings) < 40_000

"""Forget among files that strangers made: none of them stops it, and none leads it elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.nested import nest

from sentiment.data.ledger import opened
from sentiment.lineage import forget as forget_module
from sentiment.lineage import search
from sentiment.lineage.erase import erase
from sentiment.lineage.texts import Texts
from sentiment.settings import Settings

SECRET = "請把我這篇文章刪掉,我的電話是零九一二三四五六"
ROWS = f"text\tlabel\n{SECRET}\t0\n留下來的\t1\n"
LEFT = "text\tlabel\n留下來的\t1\n"


@pytest.fixture
def inbox(settings: Settings) -> Iterator[Path]:
    """The delivery folder, with the text in a file at its very end."""
    folder = Path(settings.source_folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "zz.tsv").write_text(ROWS, encoding="utf-8")
    with opened(settings.posts_database):
        pass
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # Python 3.11 cannot remove deep folders


def forget(settings: Settings) -> dict[str, Any]:
    return forget_module.forget(Texts([SECRET]), "a request", settings, write=True)


@pytest.mark.parametrize("content", ["[" * 200_000, '{"a":' * 500 + json.dumps(SECRET) + "}" * 500])
def test_json_that_is_nested_too_deep_is_named_and_the_others_are_searched(
    settings: Settings, inbox: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (inbox / "deep.json").write_text(content, encoding="utf-8")
    said = forget(settings)
    assert (inbox / "zz.tsv").read_text(encoding="utf-8") == LEFT
    assert said["not_searched"] == ["datasets/inbox/deep.json"]
    assert "deep.json is not searched: its values are nested too deeply\n" in capsys.readouterr().err


def test_lines_with_json_that_is_nested_too_deep_are_named_and_still_hold_the_text(
    settings: Settings, inbox: Path
) -> None:
    (inbox / "lines.jsonl").write_text(f'{"[" * 200_000}\n{{"text": "{SECRET}"}}\n', encoding="utf-8")
    said = forget(settings)
    assert said["not_searched"] == said["remaining"] == ["datasets/inbox/lines.jsonl"]
    assert (inbox / "zz.tsv").read_text(encoding="utf-8") == LEFT


@pytest.mark.parametrize(("name", "levels"), [("a", 1_100), ("a" * 250, 20)])
def test_folders_that_are_nested_too_deep_are_named_and_the_others_are_searched(
    settings: Settings, inbox: Path, name: str, levels: int
) -> None:
    nest(inbox, name, levels)
    (named,) = forget(settings)["not_searched"]
    assert named.startswith(f"datasets/inbox/{name}/{name}")
    assert (inbox / "zz.tsv").read_text(encoding="utf-8") == LEFT


def test_a_link_that_waits_for_its_temporary_file_leads_nowhere(
    settings: Settings, inbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    for name in ("a.tsv", "b.json", "c.txt"):
        (inbox / name).write_text(json.dumps([SECRET]) if "json" in name else ROWS, encoding="utf-8")
        (inbox / f".{name}.{os.getpid()}.tmp").symlink_to(tmp_path / "victim")
    assert [item["number"] for item in forget(settings)["files"]] == [1, 1, 1, 1]
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "mine"


def test_a_file_that_cannot_be_replaced_is_named_by_a_harmless_name(
    settings: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "a\x1b[31m.tsv").write_text(ROWS, encoding="utf-8")
    (inbox / os.fsdecode(b"\xff.tsv")).write_text(ROWS, encoding="utf-8")
    real = os.replace

    def refused(source: Any, target: Any, **named: Any) -> None:
        if str(target).startswith("a"):
            raise PermissionError(13, "Permission denied")
        real(source, target, **named)

    monkeypatch.setattr(os, "replace", refused)
    said = forget(settings)
    assert said["not_searched"] == ["datasets/inbox/a\\x1b[31m.tsv"] == said["remaining"]
    assert [item["file"] for item in said["files"]] == ["datasets/inbox/zz.tsv", "datasets/inbox/\\udcff.tsv"]


def test_what_cannot_be_read_is_named_up_to_a_number(
    settings: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_NAMED", 2)
    for number in range(5):
        (inbox / f"{number}.json").write_text("[" * 200_000, encoding="utf-8")
    said = forget(settings)["not_searched"]
    assert said == ["datasets/inbox/0.json", "datasets/inbox/1.json", "3 more files or folders"]


def test_a_report_of_a_stranger_is_not_drawn(settings: Settings, inbox: Path) -> None:
    (inbox / "report.json").write_text("[" * 200_000, encoding="utf-8")
    forget(settings)
    assert not (inbox / "report.html").exists()


@pytest.mark.parametrize("name", ["a.tsv", "a.json", "a.jsonl", "a.txt"])
def test_a_file_that_becomes_a_link_is_not_read(
    settings: Settings, inbox: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a copy of a file that its labeller may not read would come into the delivery folder."""
    kept, path = tmp_path / "kept", inbox / name
    kept.write_text(json.dumps([SECRET], ensure_ascii=False) if "json" in name else ROWS, encoding="utf-8")
    path.write_text("text\tlabel\n", encoding="utf-8")

    def swapping(file: Path, *arguments: Any) -> Any:
        if file == path:
            path.unlink()
            path.symlink_to(kept)
        return erase(file, *arguments)

    monkeypatch.setattr("sentiment.lineage.forget.erase", swapping)
    said = forget(settings)
    assert path.is_symlink()
    assert SECRET in kept.read_text(encoding="utf-8")
    assert f"datasets/inbox/{name}" in said["not_searched"]
    assert (inbox / "zz.tsv").read_text(encoding="utf-8") == LEFT

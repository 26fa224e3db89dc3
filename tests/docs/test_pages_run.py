"""Each page keeps its word: its `bash` blocks and its Python examples run, in their order, in a scratch home."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from typing import Any

import pytest
from support.elsewhere import ELSEWHERE, Elsewhere, elsewhere
from support.pages import PAGES, ROOT, Block, Page, assignments_of, words_of

from sentiment import cli

SERVER = "http://127.0.0.1:8501"  # that the pages name; it listens on another port here
PIPE = " | "
SAID = 3_000  # characters, of what a failed command said at last


def runs_here(page: Page) -> bool:
    """Tells whether anything of a page is run by this test."""
    examples = any(block.language == "python" for block in page.blocks)
    return examples or any(elsewhere(command) is None for command in page.commands)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if runs_here(page)], ids=lambda page: page.name)
def test_a_page_does_what_it_says(
    page: Page, homes: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with homes.for_page(page) as address:
        for block in page.blocks:
            run_block(Block(block.language, block.text.replace(SERVER, address)), page, monkeypatch, capfd)


def run_block(block: Block, page: Page, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Runs a block of a language that can be run; others are shown, not run."""
    if block.language == "python":
        exec(compile(block.text, page.name, "exec"), {})
    if block.language == "bash":
        for command in block.commands:
            if elsewhere(command) is None:
                with monkeypatch.context() as patch:
                    status = run_command(command, patch)
                said = capfd.readouterr().err[-SAID:]  # a process of a process may say why, and nothing else does
                assert status == 0, f"{page.name}: {command}\n{said}"


def run_command(command: str, patch: pytest.MonkeyPatch) -> int:
    """Returns the exit code of a command. A verb runs in this process, which has TensorFlow already."""
    feeding, _, last = command.rpartition(PIPE)
    words = words_of(last)
    if words[0] != "sentiment" and words[:2] != ["python", "-m"]:
        return subprocess.run(["bash", "-euc", command], check=False).returncode
    for name, value in assignments_of(last).items():
        patch.setenv(name, value)
    given = subprocess.run(["bash", "-euc", feeding], stdout=subprocess.PIPE, check=True).stdout if feeding else b""
    patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    if words[0] == "sentiment":
        return cli.run(words[1:])
    module = importlib.import_module(words[2])
    return cli.run(words[3:], module.command, module.NAME)


@pytest.mark.parametrize("item", ELSEWHERE, ids=lambda item: item.begins)
def test_what_is_not_run_here_is_run_there(item: Elsewhere) -> None:
    place = ROOT / item.place
    assert place.is_file()
    assert item.mentions in place.read_text(encoding="utf-8")


@pytest.mark.parametrize("item", ELSEWHERE, ids=lambda item: item.begins)
def test_what_is_not_run_here_is_on_a_page(item: Elsewhere) -> None:
    assert any(elsewhere(command) is item for page in PAGES for command in page.commands), "remove it from the table"

"""The pages of docs/reference/ that are made from the code say what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from sentiment.cli import VERBS
from sentiment.settings import CHECKOUT, GROUPS
from sentiment.settings.declaration import variables

MAKER = runpy.run_path(str(CHECKOUT / "docs" / "make_reference.py"))
PAGES, FOLDER = MAKER["PAGES"], Path(MAKER["FOLDER"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_code_would_make_it_now(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_setting_and_every_command_has_its_place() -> None:
    settings, commands = (PAGES[name]() for name in ("settings.md", "commands.md"))
    for group in GROUPS:
        assert all(f"| `{variable}` |" in settings for variable in variables(group))
    assert all(f"## sentiment {verb}\n" in commands for verb in VERBS)
    assert "## sentiment bench lr\n" in commands and "--mix_number" in commands
    assert str(CHECKOUT) not in settings + commands, "the place of a checkout is of no use to others"

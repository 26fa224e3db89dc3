"""The README keeps its word: every command, option and setting in it exists, and every setting is in it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import click
import pytest

from sentiment.cli import VERBS, group
from sentiment.settings import READ_ELSEWHERE, Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"\bsentiment ([a-z]+)((?: --[a-z-]+(?: [A-Z]+)?)*)`", README)))


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"\bmake ([a-z_-]+)", README))
    assert {"demo", "test"} <= targets
    for target in targets:
        checked = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("verb", "options"), COMMANDS)
def test_every_command_in_the_readme_exists(verb: str, options: str) -> None:
    if verb == "VERB":
        return
    command = group.get_command(click.Context(group), verb)
    assert command is not None, verb
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    assert set(re.findall(r"--[a-z-]+", options)) <= known


def test_every_verb_is_in_the_readme() -> None:
    named = {verb for verb, _ in COMMANDS} | set(re.findall(r"`make ([a-z]+)", README))
    assert set(VERBS) - named == set()


def test_every_setting_is_in_the_readme() -> None:
    listed = set(re.findall(r"`(SENTIMENT_[A-Z_]+)` \|", README))
    settings = {f"SENTIMENT_{item.name.upper()}" for item in fields(Settings) if item.init}
    assert listed == settings | READ_ELSEWHERE - {"SENTIMENT_CONFORMANCE_TARGET"}

"""The README keeps its word: every command, option and setting in it exists."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from sentiment.cli import VERBS, group
from sentiment.settings import GROUPS
from sentiment.settings.declaration import variables

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL))
COMMANDS = sorted({*re.findall(r"`(sentiment [^`\n]+)`", README), *re.findall(r"^sentiment .*$", BLOCKS, re.MULTILINE)})


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"\bmake ([a-z_-]+)", README))
    assert {"demo", "test"} <= targets
    for target in targets:
        checked = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def verb_of(command: str) -> tuple[str, click.Command | None]:
    """Returns the verb that a command line names, and the command that it is; that of a group, when it is one."""
    _, verb, *rest = shlex.split(command, comments=True)
    found = group.get_command(click.Context(group), verb)
    if isinstance(found, click.Group) and rest:
        found = found.get_command(click.Context(found), rest[0])
    return verb, found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_readme_exists(command: str) -> None:
    verb, found = verb_of(command)
    if verb == "VERB":
        return
    assert found is not None
    known = {name for parameter in found.params for name in parameter.opts} | {"--help"}
    assert {word for word in shlex.split(command, comments=True) if word.startswith("--")} <= known


def test_every_verb_is_in_the_readme() -> None:
    named = {verb_of(command)[0] for command in COMMANDS} | set(re.findall(r"`make ([a-z]+)", README))
    assert set(VERBS) - named == set()


def test_every_setting_in_the_readme_exists() -> None:
    known = frozenset[str]().union(*map(variables, GROUPS))
    named = set(re.findall(r"SENTIMENT_[A-Z]+(?:_[A-Z]+)*\b(?!_)", README))
    assert named and named <= known

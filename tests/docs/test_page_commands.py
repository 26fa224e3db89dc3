"""Every make target, verb, option and setting that a page names exists, and every verb and setting is on a page."""

from __future__ import annotations

import re
import subprocess

import click
import pytest
from support.pages import PAGES, ROOT, Page, words_of

from sentiment import create_load_dataset, run_sentiment
from sentiment.cli import VERBS, group
from sentiment.model_server import real_flags
from sentiment.settings import GROUPS
from sentiment.settings.declaration import variables

SETTING = re.compile(r"\bSENTIMENT_[A-Z_]*[A-Z]\b(?!_)")  # not the beginning of several, as in SENTIMENT_CHECK_…
SETTINGS = frozenset().union(*map(variables, GROUPS))
ANY_VERB = "VERB"  # as a page says it
TARGETS = sorted({target for page in PAGES for code in page.code for target in re.findall(r"^make ([a-z_-]+)", code)})
OF_THE_OLDER_TOOL = (run_sentiment.command, create_load_dataset.command)
# Options of docker compose, and of Airflow's own command; and what TensorFlow Serving alone has.
OTHERS = {"--detach", "--scale", *(f"--{name}" for name in real_flags.KINDS)}


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_exists(target: str) -> None:
    checked = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def verbs_of(page: Page) -> list[str]:
    """Returns the commands of `sentiment` that a page names, in blocks and in sentences."""
    pieces = (piece.strip() for code in page.code for piece in code.split(" | "))
    return [piece for piece in pieces if re.match(r"sentiment [A-Za-z]", piece) and words_of(piece)[1] != ANY_VERB]


def found_for(command: str) -> tuple[list[str], click.Command | None]:
    """Returns the names of the verb and of its sub-command that a command line begins with, and what they lead to."""
    _, verb, *rest = words_of(command)
    found = group.get_command(click.Context(group), verb)
    if isinstance(found, click.Group) and rest and rest[0] != "[OPTIONS]":
        return [verb, rest[0]], found.get_command(click.Context(found), rest[0])
    return [verb], found


def options_of(command: click.Command) -> set[str]:
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return names | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists(page: Page) -> None:
    for command in verbs_of(page):
        _, found = found_for(command)
        assert found is not None, command
        options = {word.partition("=")[0] for word in words_of(command) if word.startswith("--")}
        assert options <= options_of(found), command


def every_command() -> dict[tuple[str, ...], click.Command]:
    """Returns every verb, and every sub-command of one, by its names."""
    commands: dict[tuple[str, ...], click.Command] = {}
    for verb in VERBS:
        found = group.get_command(click.Context(group), verb)
        assert found is not None
        commands[(verb,)] = found
        if isinstance(found, click.Group):
            commands |= {(verb, name): command for name, command in found.commands.items()}
    return commands


def test_every_option_in_a_sentence_exists() -> None:
    known = set[str]().union(*(options_of(command) for command in (*every_command().values(), *OF_THE_OLDER_TOOL)))
    named = {span.split()[0].partition("=")[0] for page in PAGES for span in page.spans if span.startswith("--")}
    assert {name.rstrip(",:;") for name in named} - known - OTHERS == set()


def test_every_verb_is_on_a_page() -> None:
    named = {tuple(found_for(command)[0]) for page in PAGES for command in verbs_of(page)}
    named |= {names[:1] for names in named}
    assert every_command().keys() - named == set()


def test_every_setting_of_a_page_exists_and_each_is_on_one() -> None:
    named = {name for page in PAGES for name in SETTING.findall(page.text)}
    assert named - SETTINGS == set()
    assert SETTINGS - named == set()

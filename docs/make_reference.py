"""`make docs`: writes the pages of docs/reference/ that are made from the code. A test fails when one of them is stale.

.venv/bin/python docs/make_reference.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from sentiment import atomic, cli, create_load_dataset, run_sentiment
from sentiment.results.reference import page as result_files_as_markdown
from sentiment.settings import CHECKOUT
from sentiment.settings.reference import settings_as_markdown

FOLDER = Path(__file__).resolve().parent / "reference"
COMMANDS_INTRODUCTION = """# Commands

What `--help` says of each command. Every step ends with its result: a sentence or a table, and one line of
JSON on stdout where that is no terminal, or with `--json`.
Exit codes: 0 done, 2 bad usage or bad input, 1 anything else, 130 interrupted.

"""
# The older tool's commands, which are no verbs.
OLDER = (run_sentiment, create_load_dataset)


def commands_as_markdown() -> str:
    """Returns the page of all commands with their options."""
    older = [_section(f"python -m {module.__name__}", module.command) for module in OLDER]
    return COMMANDS_INTRODUCTION + "\n".join([*_verbs(cli.group, "sentiment"), *older])


def _verbs(group: click.Group, name: str) -> Iterator[str]:
    """Yields a section for each command of a group, with those of the groups in it."""
    context = click.Context(group, info_name=name)
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        assert command is not None
        yield _section(f"{name} {verb}", command)
        if isinstance(command, click.Group):
            yield from _verbs(command, f"{name} {verb}")


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    about = inspect.cleandoc(command.help or "")
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    table = "".join(f"| `{_flat(option)}` | {_escaped(_flat(text))} |\n" for option, text in records)
    listed = f"\n| option | meaning |\n|---|---|\n{table}" if table else ""
    return f"## {name}\n\n`{usage}`\n\n{_escaped(about)}\n{listed}"


def _flat(text: str) -> str:
    """Returns a text in one line, without the place of this checkout."""
    return re.sub(r"\s+", " ", text).replace(f"{CHECKOUT}/", "").replace("|", r"\|")


def _escaped(text: str) -> str:
    """Returns a text in which Markdown takes nothing for HTML."""
    return text.replace("<", "&lt;")


# To add a page, add its file name and the function that returns its Markdown.
PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_as_markdown,
    "commands.md": commands_as_markdown,
    "result-files.md": result_files_as_markdown,
}


def main() -> None:
    for name, page in PAGES.items():
        atomic.write_text(FOLDER / name, page())
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()

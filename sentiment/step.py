"""What all verbs share: `--result`, `--json`, the result at the end of stdout, one line per error, exit codes."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import click
import msgspec

from sentiment import atomic, disk, mistakes
from sentiment.errors import InputError
from sentiment.results.record import as_json

Result = dict[str, Any]  # of a verb whose result nothing reads but people
SENTIMENT = "sentiment"  # the command whose first argument is a verb
# What `sentiment` was started with, while it runs a verb: that may start it again, as a child.
arguments_given: ContextVar[tuple[str, ...] | None] = ContextVar("arguments_given", default=None)


def step(function: Callable[..., Result | msgspec.Struct]) -> Callable[..., None]:
    """Turns a function that returns its result, a declared type or a JSON-ready dict, into a click callback.

    The result is the last line of stdout where a program reads that, or with `--json`: on a terminal, a person has read
    it in words by then. With `--result FILE` it is also written to that file. A refused input leaves `{"error": …}` in
    that file, so that the program which started the step can say why.
    """
    return step_ending_with(lambda _: 0)(function)


def step_ending_with(
    code: Callable[[Result], int],
) -> Callable[[Callable[..., Result | msgspec.Struct]], Callable[..., None]]:
    """Does the same for a verb whose result, when it has one, decides about the exit code."""

    def made(function: Callable[..., Result | msgspec.Struct]) -> Callable[..., None]:
        @click.option(
            "--result", "result_file", type=click.Path(path_type=Path), help="Also write the result to this file."
        )
        @json_option
        @functools.wraps(function)
        def wrapped(*args: Any, result_file: Path | None, wants_json: bool, **options: Any) -> None:
            try:
                result = as_json(_refusing(function, *args, **options))
            except InputError as error:
                if result_file:
                    atomic.write_json(result_file, {"error": str(error)})
                raise
            if result_file:
                atomic.write_json(result_file, result)
            print_result(result, wants_json)
            if ended := code(result):
                raise click.exceptions.Exit(ended)

        return wrapped

    return made


json_option = click.option(
    "--json", "wants_json", is_flag=True, help="Print the result as a line of JSON on a terminal, too."
)


def print_result(result: Result, wants_json: bool = False) -> None:
    """Prints the result as a line of JSON, unless stdout is a terminal and nobody wants it there."""
    if wants_json or not on_terminal():
        click.echo(_line(result))


def _line(result: Result) -> str:
    """Returns a result as a line of JSON for a terminal or a log, too: what would steer it is written as its code."""
    line = atomic.json_text(result)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line)


def on_terminal() -> bool:
    """Tells whether a person, and no program or file, gets what is printed to stdout."""
    return sys.stdout.isatty()


def _refusing(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Calls a step's function; a disk that is full or fails, or a folder in a file's place, is one line too."""
    try:
        return function(*args, **options)
    except OSError as error:
        if refusal := disk.refusal(error):
            raise refusal from error
        raise


def say(message: str) -> None:
    """Reports progress to a person, on stderr: stdout belongs to the result."""
    click.echo(message, err=True)


def run(arguments: list[str], command: click.Command, name: str) -> int:
    """Runs `command ARGUMENTS` in this process, and reports a mistake in one line that begins with `name`.

    Exit codes: 0 done, 2 bad usage or bad input, 1 anything else, 130 interrupted.
    """
    before = arguments_given.set(tuple(arguments) if name == SENTIMENT else None)
    try:
        mistakes.require_no_nul(arguments)
        stopped_with = command.main(arguments, prog_name=name, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return mistakes.reported(error, arguments, name)
    finally:
        arguments_given.reset(before)
    return stopped_with if isinstance(stopped_with, int) else 0  # click returns what Exit carried; a verb returns None

"""What every verb shares: `--result`, the JSON line at the end of stdout, one line per mistake, exit codes."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.errors import InputError

Result = dict[str, Any]


def step(function: Callable[..., Result]) -> Callable[..., None]:
    """Makes a click callback of a function that returns its result as a JSON-ready dict.

    The result is the last line of stdout; with `--result FILE` it is also written there. A refused input leaves
    `{"error": …}` in that file, so that whoever started the step can say why.
    """

    @click.option("--result", "result_file", type=click.Path(path_type=Path), help="Also write the result here.")
    @functools.wraps(function)
    def wrapped(*args: Any, result_file: Path | None, **options: Any) -> None:
        try:
            result = function(*args, **options)
        except InputError as error:
            if result_file:
                atomic.write_json(result_file, {"error": str(error)})
            raise
        if result_file:
            atomic.write_json(result_file, result)
        click.echo(json.dumps(result, ensure_ascii=False))

    return wrapped


def say(message: str) -> None:
    """Reports progress to a person: stderr, never stdout, which belongs to the result."""
    click.echo(message, err=True)

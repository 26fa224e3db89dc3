"""Options of a command, made of their declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from sentiment.options.declaration import Option

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(declared: Option, **changes: Any) -> Decorator:
    """Returns the decorator that adds an option to a command; `changes` go to `click.option`.

    The bounds are checked not here but where the value is used (`Option.require`), so that a mistake gets the same line
    no matter where the value came from.
    """
    stated = {"type": declared.kind, "default": declared.default, "help": declared.full_help, "show_default": False}
    if declared.choices:
        stated["metavar"] = f"[{'|'.join(declared.choices)}]"
    return click.option(declared.flag, declared.name, **(stated | changes))


def options(*declared: Option, **changes: Any) -> Decorator:
    """Returns the decorator that adds several options, in their order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(declared):
            command = option(one, **changes)(command)
        return command

    return decorate

"""Options of a command, made of their declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from sentiment.options.declaration import Option

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(declared: Option, **changes: Any) -> Decorator:
    """Returns the decorator that adds an option to a command; `changes` go to `click.option`.

    The bounds are not checked here but by whoever takes the value (`Option.require`), so that each mistake is the same
    line however the value came.
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

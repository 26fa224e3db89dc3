"""What becomes of an error that ends a command: a line for a person, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback

import click

from sentiment import disk
from sentiment.errors import InputError, SentimentError

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130
NO_TEXT = InputError("what is given must be text in UTF-8", found="other bytes", do="Give another name.")


def require_no_nul(arguments: list[str]) -> None:
    """Raises: InputError when an argument has what no name of a file, and no argument of another command, may have."""
    if bad := next((one for one in arguments if "\0" in one), None):
        raise InputError("an argument must have no NUL character", found=ascii(bad), do="Leave it out.")


def reported(error: Exception, arguments: list[str], name: str) -> int:
    """Says what ended the command `name` with these arguments, a mistake in one line; returns the exit code."""
    match error:
        case click.Abort():
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return BAD_INPUT
        case BrokenPipeError():
            # Nobody reads our output any more, so nothing more can be written to it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
    if mistake := _mistake(error, arguments):
        # Of a file's name, what is no character is written as its code.
        click.echo(f"{name}: {mistake}".encode("utf-8", "backslashreplace").decode(), err=True)
        return mistake.exit_code if isinstance(mistake, InputError) else FAILED
    traceback.print_exception(error)
    click.echo(f"{name}: unexpected {type(error).__name__}: {error}", err=True)
    return FAILED


def _mistake(error: Exception, arguments: list[str]) -> SentimentError | None:
    """Returns the line about what a person, a disk, or what was made caused; None where the program itself did."""
    match error:
        case SentimentError():
            return error
        case OSError():
            return disk.refusal(error)
        case UnicodeEncodeError() if not all(map(_is_text, arguments)):
            return NO_TEXT
    return None


def _is_text(argument: str) -> bool:
    """Tells whether an argument was whole UTF-8: Python stands lone surrogates for other bytes."""
    return not any("\ud800" <= one <= "\udfff" for one in argument)

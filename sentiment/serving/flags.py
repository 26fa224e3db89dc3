"""Reads `serving/flags`: the flags that every model server in production is started with.

Each line is one `--name=value`, with tensorflow_model_server's own names; lines that begin with `#` say why.
`{serving}` stands for the file's folder as the server sees it, which is another path when it runs in a container.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sentiment.errors import InputError
from sentiment.settings import CHECKOUT, Settings

FLAG = re.compile(r"--(?P<name>[a-z][a-z0-9_]*)=(?P<value>[!-~]+)")  # no spaces, so that no shell splits a flag in two
BATCHING = "batching_parameters_file"


def flags_file(settings: Settings) -> Path:
    """Returns the flags file of this home, or the one that comes with the package."""
    own = settings.serving / "flags"
    return own if own.is_file() else CHECKOUT / "serving" / "flags"


def read_flags(path: Path, serving: str | None = None) -> list[str]:
    """Returns the flags in `path`, in order. `serving`: its folder as the server sees it; default: as it is here.

    Raises: InputError when a line is not a flag or repeats one; it names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} must hold the servers' flags", found=str(error), do="Restore it from a backup."
        ) from None
    flags: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name = _name(line.strip(), f"{path}, line {number}")
        if name in flags:
            raise InputError(f"{path} must name a flag once", found=f"{name} again in line {number}", do="Delete one.")
        flags[name] = line.strip().replace("{serving}", serving or str(path.parent.absolute()))
    return list(flags.values())


def overridden(flags: Sequence[str], **values: object) -> list[str]:
    """Returns `flags` with these values: each replaces the flag of its name, or is appended."""
    named = {flag.partition("=")[0].removeprefix("--"): flag for flag in flags}
    return list((named | {name: f"--{name}={value}" for name, value in values.items()}).values())


def value_of(flags: Sequence[str], name: str) -> str | None:
    """Returns the value that `flags` give to `name`."""
    return next((flag.partition("=")[2] for flag in flags if flag.startswith(f"--{name}=")), None)


def _name(flag: str, where: str) -> str:
    match = FLAG.fullmatch(flag)
    if not match:
        raise InputError(
            f"{where} must be --name=value, without spaces", found=repr(flag[:80]), do="Correct that line."
        )
    return match["name"]

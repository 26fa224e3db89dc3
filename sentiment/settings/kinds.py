"""The kinds of values that a setting can have: how each is written, and what must hold of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from sentiment.settings.limits import Limits

T = TypeVar("T")
ON, OFF = "on", "off"
MOST_DIGITS = 300
DIGEST = "@sha256:[0-9a-f]{64}"  # of an image, in its name


@dataclass(frozen=True)
class Kind(Generic[T]):
    """`read` makes a value of text (ValueError: it is none), `holds` judges it, `shown` writes it for people.

    `must` completes the sentence “SENTIMENT_… must”; `written` says it in a word or two, in Markdown.
    """

    must: str
    written: str
    read: Callable[[str], T]
    holds: Callable[[T], bool] = lambda value: True
    shown: Callable[[T], str] = repr
    low: float | None = None
    high: float | None = None


def text() -> Kind[str]:
    return Kind("be text", "text", str.strip)


def place() -> Kind[str]:
    """A path, or the address of something elsewhere; a `~user` in front must be a user of this machine."""
    return Kind(
        "be a path, and a `~name` in front of it the folder of a user of this machine",
        "text",
        str.strip,
        _has_its_folder,
    )


def secret() -> Kind[str]:
    """A text that no message shows."""
    return Kind(
        "be printable ASCII characters without a space",
        "a secret text",
        str,
        lambda value: all("!" <= sign <= "~" for sign in value),
        lambda value: "a secret" if value else "''",
    )


def words() -> Kind[tuple[str, ...]]:
    return Kind("be words with commas between them", "words, comma-separated", _words, shown=",".join)


def addresses() -> Kind[str]:
    """Addresses of servers; one with a user or a password would be shown in logs and on pages."""
    return Kind(
        "be addresses with commas between them, without a user or a password",
        "addresses, comma-separated",
        str.strip,
        lambda value: "@" not in value,
        lambda value: "an address with `@`" if "@" in value else repr(value),
    )


def some_words(all_of_them: str) -> Kind[tuple[str, ...]]:
    """Words, at least one; one of them may stand for all that there are."""
    must = f"be words with commas between them, at least one, or `{all_of_them}`"
    return Kind(must, f"words, comma-separated, or `{all_of_them}`", _words, bool, lambda value: repr(",".join(value)))


def folder() -> Kind[Path]:
    return Kind("be a folder's path", "a folder", _folder, shown=str)


def number(low: float, high: float) -> Kind[float]:
    bounds = _range(low, high)
    return Kind(
        f"be a number {bounds}", bounds, float, lambda value: low <= value <= high, _figure, low, high
    )  # NaN is in no range


def whole(low: int, high: int) -> Kind[int]:
    bounds = _range(low, high)
    return Kind(
        f"be a whole number {bounds}",
        f"whole, {bounds}",
        int,
        lambda value: low <= value <= high,
        _figure,
        low,
        high,
    )


def number_or_off(low: float, high: float) -> Kind[float]:
    """`off` is 0."""
    plain = number(low, high)
    return Kind(
        f"{plain.must}, or `{OFF}`",
        f"{plain.written}, or `{OFF}`",
        lambda text: 0.0 if text.strip() == OFF else float(text),
        plain.holds,
        _figure,
        low,
        high,
    )


def choice(*allowed: str) -> Kind[str]:
    return Kind(
        f"be one of {', '.join(allowed)}",
        ", ".join(f"`{word}`" for word in allowed),
        str,
        lambda value: value in allowed,
    )


def switch() -> Kind[bool]:
    return Kind(f"be `on` or `{OFF}`", f"`on` or `{OFF}`", _switched, shown=lambda value: "on" if value else OFF)


def matching(pattern: str, must: str, written: str) -> Kind[str]:
    """A text whose whole matches `pattern`, in capitals or not."""
    return Kind(must, written, str, lambda value: re.fullmatch(pattern, value, re.IGNORECASE) is not None)


def size() -> Kind[str]:
    return matching(r"\s*|\s*[1-9]\d*[kmgt]?i?b?\s*", "be a size such as 512m or 8g", "a size such as `512m`, `8g`")


def image() -> Kind[str]:
    """The name of a container image; a digest in it is a whole one, so that it names one image for ever."""
    return Kind(
        "be an image's name, such as sentiment-trainer:2 or registry/sentiment-trainer@sha256:0123… (64 digits)",
        "an image's name",
        str,
        lambda value: re.fullmatch(rf"[a-z0-9][\w.:/-]*({DIGEST})?", value) is not None,
    )


def schedule() -> Kind[str]:
    """A cron expression, as far as it can be judged without Airflow: its number of columns; or `off`."""
    columns = r"\S+(\s+\S+){4,6}|@[a-z]+"
    return Kind(
        f"be a cron expression such as `0 2 * * *`, or `{OFF}`",
        f"a cron expression, or `{OFF}`",
        str.strip,
        lambda value: re.fullmatch(rf"{columns}|{OFF}", value) is not None,
    )


def limits() -> Kind[Limits]:
    return Kind(
        "be two shares from 0 to 1, `warn,fail`, the second not below the first; `off` is never",
        "`warn,fail`",
        Limits.read,
        shown=str,
    )


def mounts() -> Kind[tuple[str, ...]]:
    """Folders of the engine's machine, each PATH or PATH-ON-THE-ENGINE:PATH."""
    return Kind(
        "be absolute paths, comma-separated",
        "paths, comma-separated",
        _words,
        lambda value: all(_is_mount(mount) for mount in value),
        lambda value: repr(",".join(value)),
    )


def names_of(*parts: str) -> Kind[tuple[tuple[str, str], ...]]:
    """What each of some parts is called, as `part=name`, comma-separated."""
    must = f"be PART=NAME, comma-separated, each part once; a part is {', '.join(parts)}"
    return Kind(must, "`part=name`, comma-separated", _pairs, lambda pairs: _are_of(pairs, parts), _written_pairs)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    found = [word.partition("=") for word in _words(text)]
    return tuple((part.strip(), name.strip()) for part, _, name in found)


def _are_of(pairs: tuple[tuple[str, str], ...], parts: tuple[str, ...]) -> bool:
    named = [part for part, _ in pairs]
    return len(set(named)) == len(named) and set(named) <= set(parts) and all(name for _, name in pairs)


def _written_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return repr(",".join(f"{part}={name}" for part, name in pairs))


def _has_its_folder(text: str) -> bool:
    try:
        Path(text).expanduser()
    except RuntimeError:
        return False
    return True


def _folder(text: str) -> Path:
    """Returns the whole path. Raises: ValueError for a user without a folder, links in a ring, and too long a name."""
    try:
        return Path(text.strip()).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise ValueError(text) from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _switched(text: str) -> bool:
    if text.strip() not in ("on", OFF):
        raise ValueError(text)
    return text.strip() == "on"


def _is_mount(text: str) -> bool:
    return all(PurePosixPath(part).is_absolute() for part in text.split(":")) and text.count(":") < 2


def _figure(value: float) -> str:
    """Returns a number as it can be given: 5000 and 0.05, never 5e+03."""
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:  # more than a float holds
        return f"a number of {len(str(abs(value)))} digits"
    return f"{value:.0f}" if abs(value) < 1e15 and value == int(value) else f"{value:g}"


def _range(low: float, high: float) -> str:
    low_figure, high_figure = (f"{int(value):,}" if value == int(value) else f"{value:g}" for value in (low, high))
    return f"between {low_figure} and {high_figure}"

"""How a setting is declared, once: a field of a frozen dataclass with its default, kind of value and meaning.

    @dataclass(frozen=True)
    class MailSettings(Declared):
        quiet_hours: float = setting(12.0, number(0, 1000), "The hours for which …", unit="hours")

The environment variable is `SENTIMENT_` and the field's name in capitals. A value is checked whenever such an object
is made, from the environment or in code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from sentiment.errors import InputError
from sentiment.settings.kinds import Kind

PREFIX = "SENTIMENT_"
LONGEST = 20_000  # characters of a value: a long list of addresses
LONGEST_SHOWN = 300  # characters of a value in a refusal
# Control characters, line and paragraph ends, directions of writing, and bytes that are no text (lone surrogates): a
# value goes into logs, pages, mails, HTTP headers and files' names.
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_KEY = "declaration"
T = TypeVar("T")


@dataclass(frozen=True)
class Declaration:
    """One setting: the variable that sets it, what its value must be, its default, and what it means."""

    variable: str
    kind: Kind[Any]
    default: Any
    meaning: str  # one sentence
    unit: str  # of a number
    shown_default: str  # what the default comes to, in Markdown

    def read(self, text: str) -> Any:
        """Returns the value that the variable's text states. Raises: InputError when it is none."""
        text = text.replace("\t", " ")  # as somebody may put it between the words of a list
        if hidden := HIDDEN.search(text.strip()):
            raise self.refusal(f"the character U+{ord(hidden[0]):04X} in it", "hold no control character")
        if len(text) > LONGEST:
            raise self.refusal(f"{len(text):,}", f"have at most {LONGEST:,} characters")
        try:
            return self.kind.read(text)
        except ValueError:
            raise self.refusal(repr(text)) from None

    def require(self, value: Any) -> None:
        """Raises: InputError when the setting must not have this value."""
        if not self.kind.holds(value):
            raise self.refusal(self.kind.shown(value))

    def refusal(self, found: str, must: str = "") -> InputError:
        """Returns the error that says what must hold (by default: what the kind says), and what was found."""
        default = self.kind.shown(self.default)
        back = f"unset it: the default is {default}" if self.default not in ("", ()) else "unset it"
        shown = found if len(found) <= LONGEST_SHOWN else f"{found[:LONGEST_SHOWN]}…"
        return InputError(f"{self.variable} must {must or self.kind.must}", found=shown, do=f"Correct it, or {back}.")


class Declared:
    """The base of the dataclasses whose fields are settings."""

    BEFORE_NAME: ClassVar[str] = PREFIX  # of a variable
    EMPTY_IS_UNSET: ClassVar[bool] = True  # whether an empty variable states nothing, or the empty text

    def __post_init__(self) -> None:
        for name, declaration in declarations(type(self)).items():
            declaration.require(getattr(self, name))


G = TypeVar("G", bound=Declared)


def setting(
    default: T,
    kind: Kind[T],
    meaning: str,
    *,
    unit: str = "",
    variable: str = "",
    shown_default: str = "",
    repr: bool = True,
) -> T:
    """Declares a field of a `Declared` dataclass; returns what `dataclasses.field` returns.

    variable: only when it is not the class's prefix and the field's name. shown_default: only when the value does not
    say it, such as an empty text that stands for a folder. repr: whether the object's own text shows the value.
    """
    stated = {
        "kind": kind,
        "default": default,
        "meaning": meaning,
        "unit": unit,
        "variable": variable,
        "shown_default": shown_default,
    }
    found: T = field(default=default, repr=repr, metadata={_KEY: stated})
    return found


def declarations(group: type[Declared]) -> dict[str, Declaration]:
    """Returns field name → declaration, in the order of the class."""
    return {
        item.name: Declaration(
            **{
                **item.metadata[_KEY],
                "variable": item.metadata[_KEY]["variable"] or group.BEFORE_NAME + item.name.upper(),
            }
        )
        for item in fields(group)  # type: ignore[arg-type]  # every Declared is a dataclass
        if _KEY in item.metadata
    }


def variables(group: type[Declared]) -> frozenset[str]:
    """Returns the environment variables that set the fields of a class."""
    return frozenset(declaration.variable for declaration in declarations(group).values())


def read(group: type[G], environment: Mapping[str, str], names: tuple[str, ...] = ()) -> G:
    """Returns the settings that the environment states.

    With `names`, only these fields are read, and the others keep their defaults: a mistake in one of them then does
    not matter. Raises: InputError when a value that is read must not be.
    """
    given = {}
    for name, declaration in declarations(group).items():
        text = environment.get(declaration.variable)
        if text is None or (names and name not in names) or (group.EMPTY_IS_UNSET and not text.strip()):
            continue
        given[name] = declaration.read(text)
    return group(**given)

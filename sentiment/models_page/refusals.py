"""Refusals as the page says them: each is one line, made in English wherever something did not hold.

The floors below the language's make some of these lines: their patterns are here, so that the catalogue has them.
"""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.language import marked, recorded

OF_RECORDS = (
    *(marked("it must be JSON; found {error}"), marked("it must be readable; found {error}")),
    *(marked("it must be a result file; found {error}"), marked("it must be {kind}; found {error}")),
    *(marked("its {name} must be there; found {error}"), marked("its {name} must be {kind}; found {error}")),
    *(marked("a JSON object"), marked("a whole number"), marked("a number"), marked("a text"), marked("a list")),
    *(marked("true or false"), marked("a value that this version knows"), marked("nothing")),
)
OF_EVENTS = (
    marked("an event must be a JSON object; found {error}"),
    marked("an event must be one of {quoted}; found {error}"),
    marked("no JSON object: {quoted}"),
    marked("a {quoted} event must be {kind}; found {error}"),
    marked("a {quoted} event's {name} must be there; found {error}"),
    marked("a {quoted} event's {name} must be {kind}; found {error}"),
)
OF_SETTINGS = (
    marked("a SENTIMENT_ variable must be the name of a setting; found {found}."),
    marked("{variable} must be a number {bounds}; found {found}."),
    marked("{variable} must be a whole number {bounds}; found {found}."),
)


def refusal(error: InputError) -> str:
    """Returns the whole line, with what to do; a sentence that the catalogue does not know stays as it is."""
    return recorded(str(error))


def found_wrong(error: InputError) -> str:
    """Returns what must hold and what was found, without what to do."""
    return recorded(f"{error.must_hold}; found {error.found.rstrip('.')}")

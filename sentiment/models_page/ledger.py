"""Reads the serving history so that a broken line becomes a notice and the page still appears.

What was read is kept for the next readers, whatever language they read: its notices are in English, and `recorded`
says them to each.
"""

from __future__ import annotations

from pathlib import Path

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.language import speaking, tr
from sentiment.language.catalogue import ENGLISH
from sentiment.models_page.history_lines import STOPPED, Ledger, parse
from sentiment.results.events import parsed_event
from sentiment.serving.history import fault
from sentiment.serving.rules import apply
from sentiment.settings import Settings

__all__ = ["Ledger", "parse", "read_ledger", "trusted_ledger"]

FEW_LINES = 100  # up to this many new lines, adding them one by one is cheaper than reading everything again

# Both are replaced as a whole: requests are served by several threads.
_last: tuple[bytes, Ledger] = (b"", Ledger())
_last_judged: tuple[tuple[bool, list[bytes]], str] = ((False, []), "")


def read_ledger(path: Path) -> Ledger:
    """Returns the ledger in `path`; an empty one when the file does not exist."""
    try:
        with speaking(ENGLISH):
            return _read_on(path.read_bytes())
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        return Ledger(notices=(_unreadable(error),))


def trusted_ledger(settings: Settings) -> Ledger:
    """Returns the ledger of the home; only a sentence when it lacks events that are known, or has others.

    What a shortened history says, for example which version is stable, is not true: none of it is shown.
    """
    found = read_ledger(settings.history)
    if STOPPED in found.notices:  # its lines are told one by one
        return found
    try:
        with speaking(ENGLISH):
            doubt = _doubt(settings, folded=not found.notices)
    except OSError as error:
        doubt = _unreadable(error)
    return Ledger(notices=(doubt,)) if doubt else found


def _unreadable(error: OSError) -> str:
    with speaking(ENGLISH):
        return tr("The serving history cannot be read: {why}.", why=error.strerror)


def _doubt(settings: Settings, folded: bool) -> str:
    """Returns why the history is refused; "" for a sound one. The same three files are judged once.

    What folded when it was read just now is not folded again: that is most of the work.
    """
    global _last_judged
    files = (settings.models_config, settings.history_copy, settings.history)
    asked = folded, list(map(_content, files))
    judged, doubt = _last_judged
    if asked != judged:
        refused = fault(settings, folded=folded)
        doubt = _told(refused, settings) if refused else ""
        _last_judged = asked, doubt
    return doubt


def _told(refused: InputError, settings: Settings) -> str:
    return tr(
        "The serving history is not whole, so nothing of it is shown: {error}. An operator restores it with `sentiment "
        "status --restore-history`.",
        error=f"{refused.must_hold}; found {refused.found}".replace(f"{settings.home}/", ""),
    )


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _read_on(content: bytes) -> Ledger:
    """Returns the ledger of that content; when only a few lines were added since the last reading, reads only those.

    The file only ever grows, and the page is read more often than it grows. The old content is compared byte by byte,
    which takes less than a millisecond for a thousand versions; two contents can have the same time and size.
    """
    global _last
    before, known = _last
    if content == before:
        return known
    added = content[len(before) :]
    is_longer = content.startswith(before) and before.endswith(b"\n") and not known.notices
    ledger = _with_lines(known, added) if is_longer and added.count(b"\n") <= FEW_LINES else None
    ledger = ledger or parse(content.decode("utf-8", "replace"))
    _last = content, ledger
    return ledger


def _with_lines(known: Ledger, added: bytes) -> Ledger | None:
    """Returns the ledger with these lines appended; None when one of them is broken."""
    lines, torn = json_lines.parse(added.decode("utf-8", "replace"))
    if torn:
        return None
    state, events = known.state, []
    try:
        for line in lines:
            events.append(parsed_event(line.text))
            state = apply(state, events[-1])
    except InputError:
        return None
    return Ledger((*known.events, *events), state)

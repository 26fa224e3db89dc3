"""`serving/history.copy.jsonl`: the history once more, kept at each event, for `sentiment status --restore-history`.

The copy is written last: a crash leaves it one event behind, never ahead.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sentiment import atomic, disk, json_lines
from sentiment.errors import FROM_A_BACKUP, InputError
from sentiment.language import tr
from sentiment.results.events import parsed_event
from sentiment.serving import chain, made_from
from sentiment.serving.history import fault
from sentiment.serving.lock import held
from sentiment.serving.rules import fold
from sentiment.settings import Settings
from sentiment.step import say


def keep(settings: Settings) -> None:
    """Brings the copy up to the history, which must be sound. A copy that cannot be written stops nobody."""
    whole = settings.history.read_bytes() if settings.history.is_file() else b""
    whole = whole[: whole.rfind(b"\n") + 1]
    copy = settings.history_copy
    try:
        copied = copy.read_bytes() if copy.is_file() else b""
        if copied == whole:
            return
        if copied and whole.startswith(copied) and copied.endswith(b"\n"):
            json_lines.append_bytes(copy, whole[len(copied) :])
        else:
            with atomic.replacing(copy) as temporary:
                temporary.write_bytes(whole)
    except OSError as error:
        say(f"the copy of the history could not be kept: {disk.named(error, copy)}")


def restore(settings: Settings, who: str) -> str:
    """Puts the copy in the place of a history that is refused; the refused one is kept beside it. Returns a sentence.

    Raises: InputError when there is no sound copy, or when it lacks the event that `models.config` was made from.
    """
    with held(settings.serving / "history.lock", who):
        if not (problem := fault(settings)):
            return tr("The history is whole: there is nothing to restore.")
        content, number = _sound_copy(settings)
        aside = _moved_aside(settings.history)
        with atomic.replacing(settings.history) as temporary:
            temporary.write_bytes(content)
    if not aside:
        return tr(
            "The history is restored from its copy, {events} events; it was refused: {quoted}.",
            events=number,
            quoted=problem.found,
        )
    return tr(
        "The history is restored from its copy, {events} events; it was refused: {quoted}. The refused file is {path}.",
        events=number,
        quoted=problem.found,
        path=aside,
    )


def _sound_copy(settings: Settings) -> tuple[bytes, int]:
    """Returns the bytes of the copy's whole lines, and how many events they are."""
    copy = settings.history_copy
    content = copy.read_bytes() if copy.is_file() else b""
    lines, _ = json_lines.parse(content.decode("utf-8", "replace"))
    ends, source = chain.tips(lines), made_from.read_tip(settings.models_config)
    _require(bool(lines), f"there must be a copy of the history, {copy}", "none" if not content else "an empty file")
    broken = chain.broken_at(lines, ends)
    _require(not broken, f"every event of {copy} must name the one before it", f"line {broken}, which names another")
    fold(parsed_event(line.text) for line in lines)
    _require(
        chain.missing(ends, source, ()) is None,
        f"{copy} must hold event {source.number}, from which models.config was made",
        f"{len(lines)} events" if len(lines) < source.number else "another event",
    )
    return content[: content.rfind(b"\n") + 1], len(lines)


def _require(holds: bool, must_hold: str, found: str) -> None:
    if not holds:
        raise InputError(must_hold, found=found, do=FROM_A_BACKUP)


def _moved_aside(history: Path) -> Path | None:
    """Keeps a refused history under another name, for people; returns the name."""
    if not history.exists():
        return None
    aside = history.with_name(f"history.refused-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.jsonl")
    history.rename(aside)
    return aside

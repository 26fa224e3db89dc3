"""The lines of `ledger.jsonl`, as they are written and read: each has a sum of itself, and says how many there are."""

from __future__ import annotations

import json
from typing import Any

from sentiment import atomic, seal
from sentiment.errors import InputError
from sentiment.results.record import as_json, decoded
from sentiment.results.scoring import SCORED
from sentiment.scoring.places import Place
from sentiment.scoring.shards import DATA, Shard, named
from sentiment.scoring.work import shard_in

NAME = "ledger.jsonl"
SUM = "sum"  # of a line; its `sha256` is that of its file of scores
LINES = "lines"  # in each line: how many there are
DO = "Remove that file, and give `sentiment score` again: it is made of the scores themselves."
ANEW = "Give `sentiment score` for that version again: it makes the list anew."


def read(place: Place) -> list[Shard]:
    """Returns the lines of a ledger; none when there is none.

    Raises: InputError when a line is not as it was written, and its file of scores is not there to say what it was.
    """
    return [shard for shard, _ in _lines(place)]


def listed(place: Place) -> list[Shard]:
    """Returns the same for those who go by it: the list is whole.

    Raises: InputError also when lines are gone, or one is there twice, or there is none of scores that a run finished.
    """
    found = _lines(place)
    said = [lines for _, lines in found]
    if len({(shard.id, shard.index) for shard, _ in found}) < len(found):
        raise _not_whole(place, "the same file twice")
    if any(lines != len(found) for lines in said) and any(lines is not None for lines in said):
        raise _not_whole(place, f"{len(found):,}, and lines that say another number")
    if not found and place.read(SCORED) is not None and any(named(file.name) for file in place.listed(DATA)):
        raise _not_whole(place, "none")
    return [shard for shard, _ in found]


def _not_whole(place: Place, found: str) -> InputError:
    return InputError(f"{place.address}/{NAME} must have a line for each file of scores", found=found, do=ANEW)


def _lines(place: Place) -> list[tuple[Shard, object]]:
    """Returns the lines, each with the number of them that it says; an earlier version said none."""
    content, name = place.read(NAME) or b"", f"{place.address}/{NAME}"
    lines = content.decode("utf-8", "replace").split("\n")  # a file's name may hold any other end of a line
    return [_read(place, _parsed(line), name) for line in lines if line]


def line_of(shard: Shard, lines: int) -> str:
    found = as_json(shard)
    path = found.pop("path")  # it follows from the others
    return atomic.json_text({**seal.sealed({**found, LINES: lines}, name=SUM), "path": path})


def _read(place: Place, parsed: object, name: str) -> tuple[Shard, object]:
    """Returns a line of the ledger; its file of scores says the same, where the line is not as it was written."""
    shard = decoded(parsed, Shard, name, DO)
    assert isinstance(parsed, dict)  # it was decoded
    lines = parsed.get(LINES)
    is_ours = named(shard.path) is not None  # and leads nowhere else
    if is_ours and _is_as_written(parsed, shard):
        return shard, lines
    found = shard_in(place, shard.id, shard.index) if is_ours else None
    if found is None:
        raise InputError(f"each line of {name} must be as it was written", found=f"not that of {shard.path}", do=DO)
    return found, lines


def _is_as_written(parsed: dict[str, Any], shard: Shard) -> bool:
    """Tells whether a line adds up, and has the sum that it says; an earlier version wrote none."""
    try:
        seal.unbroken({field: value for field, value in parsed.items() if field != "path"}, name=SUM)
    except ValueError:
        return False
    return shard.adds_up


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line

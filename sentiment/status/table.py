"""The status as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sentiment.text.columns import aligned
from sentiment.text.units import age, size

HEADS = ("version", "label", "condition", "frozen", "rolling", "rows", "size", "age", "run")
TO_THE_RIGHT = frozenset({"version", "frozen", "rolling", "rows", "size", "age"})
Status = dict[str, Any]


def lines_of(status: Status) -> list[str]:
    """Returns what is not served as it should be, the table of versions, the servers, and what else needs attention."""
    return [
        *_alarm(status["served"]),
        *_versions(status["versions"]),
        *_servers(status["servers"]),
        *([status["served"]["last"]] if status["served"]["last"] else []),
        *_probe(status["probe"]),
        *_tests(status["tests"]),
        *_backup(status["backup"]),
        *_edit(status["edit"]),
        *([f"a change is running: {status['changing']}"] if status["changing"] else []),
        *_to_mend(status["to_mend"], status["edit"] is not None),
        *(f"not in the history: {orphan}" for orphan in status["orphans"]),
    ]


def _alarm(served: dict[str, Any]) -> Iterator[str]:
    if served["differs"]:
        since = f", since {served['since']}" if served["since"] else ""
        yield f"WHAT ANSWERS IS NOT WHAT THE HISTORY SAYS{since}:"
        yield from (f"  {line}" for line in served["differs"])
        yield ""


def _versions(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        yield "no version has been published yet"
        return
    cells = [
        (
            str(row["version"]),
            row["role"] or "–",
            row["condition"],
            _share(row["frozen"]),
            _share(row["rolling"]),
            f"{row['rows']:,}" if isinstance(row["rows"], int) else "–",
            size(row["bytes"]),
            age(row["age_seconds"]),
            row["run"] or "–",
        )
        for row in rows
    ]
    yield from aligned([HEADS, *cells], TO_THE_RIGHT)
    yield from (f"version {row['version']}: {row['error']}" for row in rows if row["error"])


def _servers(servers: dict[str, dict[str, Any]]) -> Iterator[str]:
    cells = [(address, _labels(said), _states(said), _answers(said)) for address, said in servers.items()]
    if cells:
        yield ""
        yield from aligned([("server", "labels", "versions", "answers"), *cells])
    for address, said in servers.items():
        for number, version in said["versions"].items():
            if version["error"]:
                yield f"{address}, version {number}: {version['error']}"
    answers = {_labels(said) for said in servers.values() if said["reachable"]}
    if len(answers) > 1:
        yield "The servers do not agree about the labels."
    elif any(said["reachable"] and not said["agrees"] for said in servers.values()):
        yield "A server does not serve what the history says (yet)."


def _labels(said: dict[str, Any]) -> str:
    if not said["reachable"]:
        return f"cannot be reached: {said['error']}"
    return ", ".join(f"{label} {number}" for label, number in said["labels"].items()) or "none"


def _answers(said: dict[str, Any]) -> str:
    """Returns how the labels' answers compare with those of the validation."""
    words = {"agrees": "as validated"}
    return ", ".join(f"{label} {words.get(kind, kind)}" for label, kind in said["answers"].items()) or "–"


def _states(said: dict[str, Any]) -> str:
    return ", ".join(f"{number} {version['state']}" for number, version in said["versions"].items()) or "–"


def _probe(probe: dict[str, Any] | None) -> Iterator[str]:
    if probe:
        ago = (datetime.now(UTC) - datetime.fromisoformat(probe["at"])).total_seconds()
        yield ""
        yield f"canary, probed {age(ago)} ago: {probe['sentence']}"


def _edit(difference: str | None) -> Iterator[str]:
    if difference is not None:
        yield ""
        yield "models.config was edited by hand:"
        yield difference or "(only its first line or its layout differs)"
        yield "Keep it with `sentiment status --adopt-config`, discard it with `sentiment status --restore-config`."


def _to_mend(lines: list[str], edited: bool) -> Iterator[str]:
    if lines:
        yield ""
        yield from (f"to repair: {line}" for line in lines)
        alone = "" if edited else "; `sentiment status --restore-config` does only that"
        yield f"The next change repairs this{alone}."


def _tests(found: dict[str, Any]) -> Iterator[str]:
    lines = [line for line in (found["sentence"], found["error"]) if line]
    if lines:
        yield ""
        yield from lines


def _backup(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    if found["folder"] is None:
        yield "no backup is set: SENTIMENT_BACKUP_FOLDER names no folder"
    elif found["error"]:
        yield f"no backup can be found: {found['error']}"
    elif found["newest"] is None:
        yield f"there is no backup of this home in {found['folder']}; `sentiment backup` makes one"
    elif found["is_old"]:
        old = age(found["age_seconds"])
        yield f"the last backup is {old} old: {found['newest']}; `sentiment backup` makes a new one"
    else:
        yield f"last backup: {age(found['age_seconds'])} ago, {found['newest']}"


def _share(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "–"

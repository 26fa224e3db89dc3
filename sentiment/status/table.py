"""The status as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sentiment.gate.same_rows import Measured, told
from sentiment.language import marked, recorded, tr
from sentiment.status import canary
from sentiment.text.columns import aligned
from sentiment.text.units import age, size

HEADS = (
    *(marked("version"), marked("label"), marked("condition"), marked("frozen"), marked("rolling"), marked("rows")),
    *(marked("size"), marked("age"), marked("run")),
)
TO_THE_RIGHT = frozenset({"version", "frozen", "rolling", "rows", "size", "age"})
ROLES = (marked("stable"), marked("canary"), marked("previous"), marked("loading"))
DAMAGED = marked("damaged")  # a condition that the history does not know
ANSWERS = {  # by a finding's kind
    "agrees": marked("as validated"),
    "other version": marked("other version"),
    "another model": marked("another model"),
    "refuses": marked("refuses"),
    "not compared": marked("not compared"),
    "unreachable": marked("unreachable"),
}
MOST_RETRACTED = 5
Status = dict[str, Any]


def lines_of(status: Status) -> list[str]:
    """Returns what is not served as it should be, the table of versions, the servers, and what else needs attention."""
    return [
        *_alarm(status["served"]),
        *_versions(status["versions"]),
        *_servers(status["servers"]),
        *map(recorded, status["held_back"]),
        *([recorded(status["served"]["last"])] if status["served"]["last"] else []),
        *_trial(status["trial"], status["probe"]),
        *_tests(status["tests"]),
        *_retracted(status["retracted"]),
        *_backup(status["backup"]),
        *_edit(status["edit"]),
        *([tr("a change is running: {holder}", holder=recorded(status["changing"]))] if status["changing"] else []),
        *_to_mend(status["to_mend"], status["edit"] is not None),
        *(tr("not in the history: {folder}", folder=recorded(orphan)) for orphan in status["orphans"]),
        *map(recorded, status["strange_notes"]),
    ]


def _alarm(served: dict[str, Any]) -> Iterator[str]:
    if served["differs"]:
        if served["since"]:
            yield tr("WHAT ANSWERS IS NOT WHAT THE HISTORY SAYS, since {since}:", since=served["since"])
        else:
            yield tr("WHAT ANSWERS IS NOT WHAT THE HISTORY SAYS:")
        yield from (f"  {recorded(line)}" for line in served["differs"])
        yield ""


def _versions(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        yield tr("no version has been published yet")
        return
    cells = [
        (
            str(row["version"]),
            tr(row["role"]) if row["role"] else "–",
            tr(row["condition"]),
            _accuracy(row, "frozen"),
            _accuracy(row, "rolling"),
            f"{row['rows']:,}" if isinstance(row["rows"], int) else "–",
            size(row["bytes"]),
            age(row["age_seconds"]),
            row["run"] or "–",
        )
        for row in rows
    ]
    yield from aligned([[tr(head) for head in HEADS], *cells], {tr(head) for head in TO_THE_RIGHT})
    yield from _measured(rows)
    for row in rows:
        if row["error"]:
            yield tr("version {version}: {error}", version=row["version"], error=recorded(row["error"]))


def _accuracy(row: dict[str, Any], name: str) -> str:
    """Returns an accuracy: of a labelled version as it is beside the other, of any other as it was published."""
    measured = row["measured"]
    return _share(measured.get(name, {}).get("accuracy") if measured else row[name])


def _measured(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yields what the accuracies of stable and canary are of; those of other versions are from their publication."""
    for row in rows:
        found = [f"{tr(name)} {told(Measured(**one))}" for name, one in (row["measured"] or {}).items()]
        if found:
            figures = tr("; ").join(found)
            yield tr("{role} {version}: {figures}", role=tr(row["role"]), version=row["version"], figures=figures)


def _servers(servers: dict[str, dict[str, Any]]) -> Iterator[str]:
    cells = [(address, _labels(said), _states(said), _answers(said)) for address, said in servers.items()]
    if cells:
        yield ""
        yield from aligned([(tr("server"), tr("labels"), tr("versions"), tr("answers")), *cells])
    for address, said in servers.items():
        for number, version in said["versions"].items():
            if version["error"]:
                yield tr(
                    "{address}, version {version}: {error}", address=address, version=number, error=version["error"]
                )
    answers = {_labels(said) for said in servers.values() if said["reachable"]}
    if len(answers) > 1:
        yield tr("The servers do not agree about the labels.")
    elif any(said["reachable"] and not said["agrees"] for said in servers.values()):
        yield tr("A server does not serve what the history says (yet).")


def _labels(said: dict[str, Any]) -> str:
    if not said["reachable"]:
        return tr("cannot be reached: {error}", error=recorded(said["error"]))
    return tr(", ").join(f"{tr(label)} {number}" for label, number in said["labels"].items()) or tr("none")


def _answers(said: dict[str, Any]) -> str:
    """Returns how the labels' answers compare with those of the validation."""
    answers = (f"{tr(label)} {tr(ANSWERS[kind])}" for label, kind in said["answers"].items())
    return tr(", ").join(answers) or "–"


def _states(said: dict[str, Any]) -> str:
    return tr(", ").join(f"{number} {version['state']}" for number, version in said["versions"].items()) or "–"


def _trial(trial: dict[str, Any] | None, probe: dict[str, Any] | None) -> Iterator[str]:
    lines = list(canary.told(trial, probe))
    yield from ("", *lines) if lines else ()


def _edit(difference: str | None) -> Iterator[str]:
    if difference is not None:
        yield ""
        yield tr("models.config was edited by hand:")
        yield difference or tr("(only its first line or its layout differs)")
        yield tr("Keep it with `sentiment status --adopt-config`, discard it with `sentiment status --restore-config`.")


def _to_mend(lines: list[str], edited: bool) -> Iterator[str]:
    if lines:
        yield ""
        yield from (tr("to repair: {line}", line=recorded(line)) for line in lines)
        if edited:
            yield tr("The next change repairs this.")
        else:
            yield tr("The next change repairs this; `sentiment status --restore-config` does only that.")


def _tests(found: dict[str, Any]) -> Iterator[str]:
    lines = [recorded(line) for line in (found["sentence"], found["error"]) if line]
    if lines:
        yield ""
        yield from lines


def _retracted(found: dict[str, Any]) -> Iterator[str]:
    told = [recorded(one["sentence"]) for one in found["deliveries"]]
    lines = told[:MOST_RETRACTED]
    if (more := len(told) - MOST_RETRACTED) > 0:
        lines.append(tr("{more} more are retracted", more=more))
    if found["error"]:
        lines.append(tr("which deliveries are retracted is not known: {error}", error=found["error"]))
    if lines:
        yield ""
        yield from lines


def _backup(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    if found["folder"] is None:
        yield tr("no backup is set: SENTIMENT_BACKUP_FOLDER names no folder")
    elif found["error"]:
        yield tr("no backup can be found: {error}", error=found["error"])
    elif found["newest"] is None:
        yield tr("there is no backup of this home in {folder}; `sentiment backup` makes one", folder=found["folder"])
    elif found["is_old"]:
        yield tr(
            "the last backup is {age} old: {newest}; `sentiment backup` makes a new one",
            age=age(found["age_seconds"]),
            newest=found["newest"],
        )
    else:
        yield tr("last backup: {age} ago, {newest}", age=age(found["age_seconds"]), newest=found["newest"])


def _share(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "–"

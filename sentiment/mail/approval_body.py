"""What a person reads before deciding about a canary, in Markdown. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sentiment.gate import must_hold
from sentiment.gate.calibration import calibration_warnings
from sentiment.gate.rows import Row, comparison_rows, data_lines, label_name, stable_name
from sentiment.gate.source_rows import HEAD, by_source_rows, by_source_told
from sentiment.gate.year_checks import told_year
from sentiment.mail.approval import told_time
from sentiment.results.decision import Gate, SetFlip
from sentiment.results.deliveries import Prepare
from sentiment.results.validation import Validation
from sentiment.text.harmless import markdown, safe_links, titled

MOST_TEXTS = 10  # either way
LONGEST_TEXT = 120


def approval_body(
    gate: Gate,
    prepare: Prepare | None,
    version: int,
    links: Mapping[str, str],
    warnings: Iterable[str] = (),
    *,
    validation: Validation | None = None,
    standing: str = "",
    hours: float = 24,
    barred: Sequence[str] = (),
) -> str:
    """Returns the Markdown body of the approval of canary `version`; `gate` and `prepare` are those steps' results.

    `warnings` are sentences about the new posts, `validation` is that step's result, `standing` says how the canary
    has answered so far, `hours` is how long the question waits, and `barred` are those who may not approve.

    Text from data is escaped, for Markdown and for HTML.
    """
    parts = [f"**{markdown(gate.sentence, 1000)}**", *_overridden(gate)]
    parts += _list("Warnings about the candidate", calibration_warnings(gate))
    parts += _list("Warnings about the new posts", warnings)
    head = ("", "rows", stable_name(gate), f"version {version} (canary)", "change", "at worst", "McNemar p")
    parts.append(_table([head, *comparison_rows(gate, intervals=True)]))
    parts.append(
        "Brackets hold 95 % intervals. Changes are in percentage points. “At worst” is the lower end of a one-sided "
        "95 % interval of the change, measured on the same rows; for all rows together, at the level of a year of "
        "nights."
    )
    parts += _list("The year", told_year(gate))
    parts += _list("The frozen test set", [gate.wear] if gate.wear else [])
    parts += _by_source(gate)
    parts += _flips(gate, gate.regressions, f"Right in {stable_name(gate)}, wrong in version {version}")
    parts += _flips(gate, gate.improvements, f"Wrong in {stable_name(gate)}, right in version {version}")
    parts += _list("Cases that must hold", must_hold.told(gate))
    parts += _list("Data", data_lines(prepare, gate.labels))
    parts += _list("Validation", validation_lines(validation))
    parts += _list("As the canary, so far", [standing] if standing else [])
    parts += _list("What the buttons do", _buttons(gate, version, hours, barred))
    parts += [f"[{markdown(name)}](<{address}>)" for name, address in safe_links(links).items()]
    return "\n\n".join(parts) + "\n"


def _overridden(gate: Gate) -> list[str]:
    """Returns the checks that failed, when a person overrode the gate."""
    if gate.overridden is None:
        return []
    return _list("Failed checks", [f"{gate.overridden.who} overrode the gate: {gate.overridden.reason}", *gate.reasons])


def _by_source(gate: Gate) -> list[str]:
    rows = by_source_rows(gate)
    return [*_list("By source", by_source_told(gate)), _table([HEAD, *rows])] if rows else []


def _buttons(gate: Gate, version: int, hours: float, barred: Sequence[str]) -> list[str]:
    compared = any(found.stable_accuracy is not None for _, found in gate.sets.items())
    kept = f"{stable_name(gate)} stays loaded for a rollback" if compared else "it is the first stable model"
    stays = f"{stable_name(gate)} keeps serving" if compared else "there is still no stable model"
    return [
        f"Approve: version {version} becomes stable on every server; {kept}.",
        f"Reject: version {version} is withdrawn; {stays}; the next night's batch contains the version's rows. "
        f"Without an answer within {told_time(hours)}, the version is rejected.",
        "Both need a reason: an answer without a reason does not count, and the question stays open.",
        *(f"Four eyes: {name} started the run or changed its gate, and may not approve." for name in barred),
    ]


def validation_lines(validation: Validation | None) -> list[str]:
    """Returns what the throw-away server measured, one sentence a line: response times, size, memory, time to load."""
    if validation is None:
        return []
    slowest = {
        batch: max(item.p95_ms for item in validation.latency if item.batch == batch)
        for batch in sorted({item.batch for item in validation.latency})
    }
    times = ", ".join(
        f"{took:.0f} ms for {'one post' if batch == 1 else f'{batch} posts'}" for batch, took in slowest.items()
    )
    memory, seconds = validation.peak_memory_bytes, validation.load_seconds
    lines = [validation.sentence]
    if times:
        lines.append(f"Slowest response, 95th percentile over all lengths: {times}.")
    size = f"The version has {validation.export_bytes / 1e6:,.1f} MB"
    memory_told = f", and its server used {memory / 1e6:,.0f} MB of memory" if memory else ""
    return [*lines, f"{size}{f', loads in {seconds:.1f} s' if seconds else ''}{memory_told}."]


def _flips(gate: Gate, flips: Sequence[SetFlip], title: str) -> list[str]:
    if not flips:
        return []
    rows: list[Row] = [("set", "text", "true", "stable said", "canary said")]
    rows += [_flip(gate, flip) for flip in flips[:MOST_TEXTS]]
    return [f"#### {markdown(title)}", _table(rows)]


def _flip(gate: Gate, flip: SetFlip) -> Row:
    text = titled(flip.title, flip.text)
    return (flip.set, text, *(label_name(gate, label) for label in (flip.true, flip.stable, flip.candidate)))


def _table(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(markdown(cell, LONGEST_TEXT) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _list(title: str, lines: Iterable[str]) -> list[str]:
    items = [f"- {markdown(line, 1000)}" for line in lines]
    return [f"#### {markdown(title)}", "\n".join(items)] if items else []

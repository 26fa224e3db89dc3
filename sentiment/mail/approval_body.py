"""What a person reads before approving a canary: Markdown, the body of the approval. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sentiment.gate.rows import Row, comparison_rows, data_lines, label_name, stable_name
from sentiment.mail.approval import told_time
from sentiment.results.decision import Gate, SetFlip
from sentiment.results.deliveries import Prepare
from sentiment.results.validation import Validation
from sentiment.text.harmless import markdown, safe_links

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
) -> str:
    """Returns the Markdown body of the approval of canary `version`; `gate` and `prepare` are those steps' results.

    `warnings` are sentences about the new posts, `validation` is that step's result, `standing` says how the canary
    has answered so far, `hours` is how long the question waits.

    Every word that comes from data is escaped, for Markdown and for HTML.
    """
    parts = [f"**{markdown(gate.sentence, 1000)}**", *_overridden(gate)]
    parts += _list("Warnings about the new posts", warnings)
    head = ("", "rows", stable_name(gate), f"version {version} (canary)", "change", "at worst", "McNemar p")
    parts.append(_table([head, *comparison_rows(gate, intervals=True)]))
    parts.append(
        "In brackets 95 % intervals. Changes in percentage points; “at worst” is the lower end of a one-sided 95 % "
        "interval of the change on the same rows."
    )
    parts += _flips(gate, gate.regressions, f"Right in {stable_name(gate)}, wrong in version {version}")
    parts += _flips(gate, gate.improvements, f"Wrong in {stable_name(gate)}, right in version {version}")
    parts += _list("Data", data_lines(prepare, gate.labels))
    parts += _list("Validation", validation_lines(validation))
    parts += _list("As canary", [standing] if standing else [])
    parts += _list("What the buttons do", _buttons(gate, version, hours))
    parts += [f"[{markdown(name)}](<{address}>)" for name, address in safe_links(links).items()]
    return "\n\n".join(parts) + "\n"


def _overridden(gate: Gate) -> list[str]:
    """Returns the checks that failed, when a person let the candidate pass in spite of them."""
    if gate.overridden is None:
        return []
    return _list("Failed checks", [f"Let pass by {gate.overridden.who}: {gate.overridden.reason}", *gate.reasons])


def _buttons(gate: Gate, version: int, hours: float) -> list[str]:
    compared = any(found.stable_accuracy is not None for _, found in gate.sets.items())
    kept = f"{stable_name(gate)} stays loaded for a rollback" if compared else "it is the first stable model"
    stays = f"{stable_name(gate)} goes on serving" if compared else "no model is stable"
    return [
        f"Approve: version {version} becomes stable on every server; {kept}.",
        f"Reject: version {version} is withdrawn; {stays}; its rows are part of the next night's batch. "
        f"No answer within {told_time(hours)} counts as Reject.",
        "Either needs a reason: an answer without one is not taken, and the question stays open.",
    ]


def validation_lines(validation: Validation | None) -> list[str]:
    """Returns what the throw-away server found: response times, size, memory, time to load; a sentence a line."""
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
        lines.append(f"Slowest response, 95th percentile, at any length: {times}.")
    size = f"The version is {validation.export_bytes / 1e6:,.1f} MB"
    memory_told = f", and its server took {memory / 1e6:,.0f} MB of memory" if memory else ""
    return [*lines, f"{size}{f', is loaded after {seconds:.1f} s' if seconds else ''}{memory_told}."]


def _flips(gate: Gate, flips: Sequence[SetFlip], title: str) -> list[str]:
    if not flips:
        return []
    rows: list[Row] = [("set", "text", "true", "stable said", "canary said")]
    rows += [_flip(gate, flip) for flip in flips[:MOST_TEXTS]]
    return [f"#### {markdown(title)}", _table(rows)]


def _flip(gate: Gate, flip: SetFlip) -> Row:
    text = " ｜ ".join(filter(None, (flip.title, flip.text)))
    return (flip.set, text, *(label_name(gate, label) for label in (flip.true, flip.stable, flip.candidate)))


def _table(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(markdown(cell, LONGEST_TEXT) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _list(title: str, lines: Iterable[str]) -> list[str]:
    items = [f"- {markdown(line, 1000)}" for line in lines]
    return [f"#### {markdown(title)}", "\n".join(items)] if items else []

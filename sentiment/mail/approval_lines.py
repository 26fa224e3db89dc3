"""What an approval says of its buttons and of the validation, in the language spoken. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.gate.rows import stable_name
from sentiment.language import recorded, tr
from sentiment.mail.approval import told_time
from sentiment.results.decision import Gate
from sentiment.results.validation import Validation


def buttons(gate: Gate, version: int, hours: float, barred: Sequence[str]) -> list[str]:
    """Returns what each answer does, and whose does not count; the question waits for `hours`."""
    return [
        *_answers(gate, version, told_time(hours)),
        tr("Both need a reason: an answer without a reason does not count, and the question stays open."),
        *(tr("Four eyes: {who} started the run or changed its gate, and may not approve.", who=who) for who in barred),
    ]


def _answers(gate: Gate, version: int, time: str) -> list[str]:
    if all(found.stable_accuracy is None for _, found in gate.sets.items()):
        return [
            tr(
                "Approve: version {version} becomes stable on every server; it is the first stable model.",
                version=version,
            ),
            tr(
                "Reject: version {version} is withdrawn; there is still no stable model; the next night's batch "
                "contains the version's rows. Without an answer within {time}, the version is rejected.",
                version=version,
                time=time,
            ),
        ]
    return [
        tr(
            "Approve: version {version} becomes stable on every server; {stable} stays loaded for a rollback.",
            version=version,
            stable=stable_name(gate),
        ),
        tr(
            "Reject: version {version} is withdrawn; {stable} keeps serving; the next night's batch contains the "
            "version's rows. Without an answer within {time}, the version is rejected.",
            version=version,
            stable=stable_name(gate),
            time=time,
        ),
    ]


def validation_lines(validation: Validation | None) -> list[str]:
    """Returns what the throw-away server measured, one sentence a line: response times, size, memory, time to load."""
    if validation is None:
        return []
    slowest = {
        batch: max(item.p95_ms for item in validation.latency if item.batch == batch)
        for batch in sorted({item.batch for item in validation.latency})
    }
    times = tr(", ").join(
        tr("{took:.0f} ms for one post", took=took)
        if batch == 1
        else tr("{took:.0f} ms for {posts} posts", took=took, posts=batch)
        for batch, took in slowest.items()
    )
    lines = [recorded(validation.sentence)]
    if times:
        lines.append(tr("Slowest response, 95th percentile over all lengths: {times}.", times=times))
    return [*lines, _size(validation)]


def _size(validation: Validation) -> str:
    memory, seconds = validation.peak_memory_bytes, validation.load_seconds
    figures = {"size": validation.export_bytes / 1e6, "seconds": seconds, "memory": (memory or 0) / 1e6}
    if seconds and memory:
        return tr(
            "The version has {size:,.1f} MB, loads in {seconds:.1f} s, and its server used {memory:,.0f} MB of memory.",
            **figures,
        )
    if seconds:
        return tr("The version has {size:,.1f} MB, loads in {seconds:.1f} s.", **figures)
    if memory:
        return tr("The version has {size:,.1f} MB, and its server used {memory:,.0f} MB of memory.", **figures)
    return tr("The version has {size:,.1f} MB.", **figures)

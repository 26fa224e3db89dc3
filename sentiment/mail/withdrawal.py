"""The mail about a canary that was withdrawn. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sentiment.mail.letter import Mail, letter
from sentiment.results.probe import Example, Probe, Side, Watch

MOST_EXAMPLES = 5


def withdrawn_mail(watch: Watch, run: str, links: Mapping[str, str], labels: Sequence[str] = ()) -> Mail:
    """Returns the mail about a withdrawal; `watch` is that step's result, `labels` are the names by label id.

    Links that do not lead to a web page are left out. Raises: ValueError when nothing was withdrawn.
    """
    if not watch.withdrawn or not watch.version:
        raise ValueError("there is nothing to mail about: no canary was withdrawn")
    version, bad = watch.version, watch.bad_probes or []
    sections = {
        "Why": bad[-1].reasons if bad else [str(watch.why)],
        "What the probes found": [line for probe in bad for line in probe_lines(probe)],
        "Where the two disagree, worst first": _examples((watch.probe.examples or []) if watch.probe else [], labels),
        "What customers noticed": _noticed(watch.stable or None, bad),
        "What to do": _to_do(version),
    }
    return letter(f"Sentiment: version {version} was withdrawn. {watch.why}", watch.sentence, run, sections, links)


def probe_lines(probe: Probe) -> Iterator[str]:
    """Yields a probe's figures, one line for each server."""
    for address, found in probe.servers.items():
        if not found.canary:
            yield f"{probe.at} {address}: {found.unreachable}"
            continue
        sides = [_side(f"{label} ({getattr(probe, label)}):", side) for label, side in found.sides]
        pairs = found.pairs
        disagree = f"; they disagree on {pairs.disagreements} of {pairs.rows}" if pairs and pairs.rows else ""
        yield f"{probe.at} {address}, {found.asked} posts: {'; '.join(sides)}{disagree}"


def _side(name: str, side: Side) -> str:
    if side.accuracy is None or not side.interval:
        return f"{name} no answer, {side.errors} errors"
    low, high = side.interval
    return (
        f"{name} accuracy {side.accuracy:.3f} [{low:.3f} to {high:.3f}], {side.errors} errors, "
        f"p50 {side.p50_ms:.0f} ms, p95 {side.p95_ms:.0f} ms"
    )


def _examples(examples: Sequence[Example], labels: Sequence[str]) -> list[str]:
    def name(label: int) -> str:
        return labels[label] if 0 <= label < len(labels) else str(label)

    return [
        f"true label {name(found.true)}; stable said {name(found.stable)}, canary said {name(found.canary)} "
        f"({found.confidence:.2f}): {found.text}"
        for found in examples[:MOST_EXAMPLES]
    ]


def _noticed(stable: int | None, bad: Sequence[Probe]) -> list[str]:
    if stable is None:
        return ["There is no stable version: only customers who asked for `canary` got answers."]
    sides = [found.stable for probe in bad for found in probe.servers.values() if found.stable]
    answers, errors = sum(side.answers for side in sides), sum(side.errors for side in sides)
    return [
        f"Customers who ask for `stable` notice nothing: it is still version {stable}, which answered {answers} of "
        f"{answers + errors} questions of these probes.",
        "Customers who were sent to the canary got its answers while it was served. The client (sentiment.client) "
        "falls back to stable when the canary fails. Since the withdrawal, stable answers everything.",
    ]


def _to_do(version: int) -> list[str]:
    return [
        "Nothing is urgent: if an approval of this version still waits, its answer will change nothing.",
        f"Later, look at the run that made version {version}: its report, gate and validation. The next night's batch "
        "contains its rows.",
        f"If the model was not at fault, `sentiment canary --version {version}` makes it the canary again.",
        "The limits are SENTIMENT_CANARY_BAD_PROBES, …_ACCURACY_DROP, …_ERRORS and …_SLOWDOWN; serving/probes.jsonl "
        "holds all probes.",
    ]

"""The mail about a canary that was withdrawn. Standard library only."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence

from sentiment.language import marked, recorded, tr
from sentiment.mail.letter import Mail, letter
from sentiment.results.probe import Example, Probe, Side, Watch

MOST_EXAMPLES = 5
SIDES = {"stable": marked("stable ({version}):"), "canary": marked("canary ({version}):")}


def withdrawn_mail(watch: Watch, run: str, links: Mapping[str, str], labels: Sequence[str] = ()) -> Mail:
    """Returns the mail about a withdrawal; `watch` is that step's result, `labels` are the names by label id.

    Links that do not lead to a web page are left out. Raises: ValueError when nothing was withdrawn.
    """
    if not watch.withdrawn or not watch.version:
        raise ValueError("there is nothing to mail about: no canary was withdrawn")
    version, bad = watch.version, watch.bad_probes or []
    why, examples = recorded(str(watch.why)), (watch.probe.examples or []) if watch.probe else []
    sections = {
        tr("Why"): [recorded(reason) for reason in bad[-1].reasons] if bad else [why],
        tr("What the probes found"): [line for probe in bad for line in probe_lines(probe)],
        tr("Where the two disagree, worst first"): _examples(examples, labels),
        tr("What customers noticed"): _noticed(watch.stable or None, bad),
        tr("What to do"): _to_do(version),
    }
    subject = tr("Sentiment: version {version} was withdrawn. {cause}", version=version, cause=why)
    return letter(subject, recorded(watch.sentence), run, sections, links)


def probe_lines(probe: Probe) -> Iterator[str]:
    """Yields a probe's figures, one line for each server."""
    for address, found in probe.servers.items():
        if not found.canary:
            yield tr("{at} {address}: {error}", at=probe.at, address=address, error=found.unreachable)
            continue
        sides = [_side(tr(SIDES[label], version=getattr(probe, label)), side) for label, side in found.sides]
        if (pairs := found.pairs) and pairs.rows:
            sides.append(tr("they disagree on {number} of {rows}", number=pairs.disagreements, rows=pairs.rows))
        told = functools.reduce(lambda one, other: tr("{one}; {other}", one=one, other=other), sides)
        yield tr("{at} {address}, {asked} posts: {told}", at=probe.at, address=address, asked=found.asked, told=told)


def _side(side_of: str, side: Side) -> str:
    if side.accuracy is None or not side.interval:
        return tr("{side} no answer, {errors} errors", side=side_of, errors=side.errors)
    return tr(
        "{side} accuracy {accuracy:.3f} [{low:.3f} to {high:.3f}], {errors} errors, p50 {p50:.0f} ms, p95 {p95:.0f} ms",
        side=side_of,
        accuracy=side.accuracy,
        low=side.interval[0],
        high=side.interval[1],
        errors=side.errors,
        p50=side.p50_ms,
        p95=side.p95_ms,
    )


def _examples(examples: Sequence[Example], labels: Sequence[str]) -> list[str]:
    def name(label: int) -> str:
        return labels[label] if 0 <= label < len(labels) else str(label)

    return [
        tr(
            "true label {true}; stable said {stable}, canary said {canary} ({confidence:.2f}): {post}",
            true=name(found.true),
            stable=name(found.stable),
            canary=name(found.canary),
            confidence=found.confidence,
            post=found.text,
        )
        for found in examples[:MOST_EXAMPLES]
    ]


def _noticed(stable: int | None, bad: Sequence[Probe]) -> list[str]:
    if stable is None:
        return [tr("There is no stable version: only customers who asked for `canary` got answers.")]
    sides = [found.stable for probe in bad for found in probe.servers.values() if found.stable]
    answers, errors = sum(side.answers for side in sides), sum(side.errors for side in sides)
    return [
        tr(
            "Customers who ask for `stable` notice nothing: it is still version {version}, which answered {answers} of "
            "{questions} questions of these probes.",
            version=stable,
            answers=answers,
            questions=answers + errors,
        ),
        tr(
            "Customers who were sent to the canary got its answers while it was served. The client (sentiment.client) "
            "falls back to stable when the canary fails. Since the withdrawal, stable answers everything."
        ),
    ]


def _to_do(version: int) -> list[str]:
    return [
        tr("Nothing is urgent: if an approval of this version still waits, its answer will change nothing."),
        tr(
            "Later, look at the run that made version {version}: its report, gate and validation. The next night's "
            "batch contains its rows.",
            version=version,
        ),
        tr(
            "If the model was not at fault, `sentiment canary --version {version}` makes it the canary again.",
            version=version,
        ),
        tr(
            "The limits are SENTIMENT_CANARY_BAD_PROBES, …_ACCURACY_DROP, …_ERRORS and …_SLOWDOWN; "
            "serving/probes.jsonl holds all probes."
        ),
    ]

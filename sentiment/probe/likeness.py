"""Decides whether a server serves what the history says, from what it reports and answers. Pure functions.

Its labels must mean the history's versions, and it must have loaded no other. A version's answers must be those that
were kept when it was validated, as near as another processor computes them: whoever replaced the model behind a label
may have given it the right number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sentiment.client.answer import CANARY, STABLE
from sentiment.language import tr
from sentiment.results.served import Finding, KeptAnswers
from sentiment.serving.state import State

LABELS = (STABLE, CANARY)
AGREES: Final = "agrees"
OTHER_VERSION: Final = "other version"
ANOTHER_MODEL: Final = "another model"
REFUSES: Final = "refuses"
NOT_COMPARED: Final = "not compared"
UNREACHABLE: Final = "unreachable"
COMING = ("START", "LOADING")  # a version in these states has its label in a moment


@dataclass(frozen=True)
class Reported:
    """What a server says of itself: version → (state, error), and the version that each label means."""

    versions: Mapping[int, tuple[str, str]]
    labels: Mapping[str, int]


def labels_of(server: str, state: State, reported: Reported) -> Iterator[Finding]:
    """Yields a finding for each label that does not mean the history's version, or cannot yet."""
    for label in LABELS:
        wanted, means = state.labels.get(label), reported.labels.get(label)
        if means == wanted:
            continue
        condition = reported.versions.get(wanted or 0, ("unknown", ""))[0]
        if wanted is not None and means is None and condition in COMING:
            said = tr(
                "label {label} not compared: version {version} is still {condition}",
                label=label,
                version=wanted,
                condition=condition,
            )
            yield Finding(server=server, label=label, kind=NOT_COMPARED, sentence=said)
        else:
            said = _moved(label, means, wanted, condition)
            yield Finding(server=server, label=label, kind=OTHER_VERSION, sentence=said)


def _moved(label: str, means: int | None, wanted: int | None, condition: str) -> str:
    """Returns what a label means, and what the history says; `condition` is that of the history's version there."""
    now = tr("unknown") if means is None else tr("version {version}", version=means)
    if wanted is None:
        return tr("label {label} is {now}; the history says that no version is", label=label, now=now)
    return tr(
        "label {label} is {now}; the history says version {version}, which is {condition} there",
        label=label,
        now=now,
        version=wanted,
        condition=condition,
    )


def foreign_versions(server: str, state: State, reported: Reported) -> Iterator[Finding]:
    """Yields a finding for each loaded version that the history does not serve: whoever names no label may get it."""
    for number, (condition, _) in sorted(reported.versions.items()):
        if condition == "AVAILABLE" and number not in state.served:
            said = tr("version {version} is loaded, which the history does not serve", version=number)
            yield Finding(server=server, label="", kind=OTHER_VERSION, sentence=said)


def likeness(
    server: str,
    label: str,
    version: int,
    kept: KeptAnswers,
    found: Sequence[Sequence[float]],
    named: Iterable[tuple[int, str]] = (),
) -> Finding:
    """Returns whether what `label` answered to the kept texts is what `version` did: `found` are the probabilities.

    Those of the kept token ids, and of the kept titles, come behind those of the texts. `named` are the label ids and
    labels of the answers. Which label a text gets is not compared: the kept texts are those of which the model is least
    sure.
    """
    if renamed := _renamed(kept, named):
        said = tr(
            "label {label} answers as another model than version {version}: {renamed}",
            label=label,
            version=version,
            renamed=renamed,
        )
        return Finding(server=server, label=label, kind=ANOTHER_MODEL, sentence=said)
    before = [*kept.probabilities, *kept.of_ids, *kept.of_titled]
    apart = [_apart(wanted, said) for wanted, said in zip(before, found, strict=True)]
    others = sum(difference > kept.within for difference in apart)
    if not others:
        said = tr("label {label} answers as version {version} did when it was validated", label=label, version=version)
        return Finding(server=server, label=label, kind=AGREES, sentence=said)
    said = tr(
        "label {label} answers as another model than version {version}: {others} of {answers} answers differ from "
        "those of its validation, by up to {most:.2f} (allowed: {allowed:g})",
        label=label,
        version=version,
        others=others,
        answers=len(apart),
        most=max(apart),
        allowed=kept.within,
    )
    return Finding(server=server, label=label, kind=ANOTHER_MODEL, sentence=said)


def reads_titles(server: str, label: str, version: int) -> Finding:
    """Returns what it means that `label` has the signature for titles, which `version` had not at its validation."""
    said = tr(
        "label {label} answers as another model than version {version}: it reads titles, which that version does not",
        label=label,
        version=version,
    )
    return Finding(server=server, label=label, kind=ANOTHER_MODEL, sentence=said)


def _renamed(kept: KeptAnswers, named: Iterable[tuple[int, str]]) -> str:
    """Returns how a label id got another label since; an older version kept none."""
    for number, name in sorted(set(named)):
        before = kept.labels.get(str(number), name)
        if name != before:
            return tr(
                "label id {number} is {name}, which was {label} at its validation",
                number=number,
                name=repr(name[:40]),
                label=repr(before[:40]),
            )
    return ""


def _apart(wanted: Sequence[float], found: Sequence[float]) -> float:
    """Returns the largest difference of a probability; 1 when there is another number of labels."""
    if len(wanted) != len(found):
        return 1.0
    return max(abs(one - other) for one, other in zip(wanted, found, strict=True))

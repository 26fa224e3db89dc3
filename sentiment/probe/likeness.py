"""Decides whether a server serves what the history says, from what it reports and answers. Pure functions.

Its labels must mean the history's versions, and it must have loaded no other. A version's answers must be those that
were kept when it was validated, as near as another processor computes them: whoever replaced the model behind a label
may have given it the right number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sentiment.client.answer import CANARY, STABLE
from sentiment.results.served import Finding, KeptAnswers, Kind
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
        kind: Kind
        is_now = f"label {label} is {'unknown' if means is None else f'version {means}'}"
        condition = reported.versions.get(wanted or 0, ("unknown", ""))[0]
        if wanted is None:
            kind, said = OTHER_VERSION, f"{is_now}; the history says that no version is"
        elif means is None and condition in COMING:
            kind, said = NOT_COMPARED, f"label {label} not compared: version {wanted} is still {condition}"
        else:
            kind, said = OTHER_VERSION, f"{is_now}; the history says version {wanted}, which is {condition} there"
        yield Finding(server=server, label=label, kind=kind, sentence=said)


def foreign_versions(server: str, state: State, reported: Reported) -> Iterator[Finding]:
    """Yields a finding for each loaded version that the history does not serve: whoever names no label may get it."""
    for number, (condition, _) in sorted(reported.versions.items()):
        if condition == "AVAILABLE" and number not in state.served:
            said = f"version {number} is loaded, which the history does not serve"
            yield Finding(server=server, label="", kind=OTHER_VERSION, sentence=said)


def likeness(server: str, label: str, version: int, kept: KeptAnswers, found: Sequence[Sequence[float]]) -> Finding:
    """Returns whether the probabilities that `label` answered to the kept texts are those of `version`."""
    apart = [_apart(wanted, said) for wanted, said in zip(kept.probabilities, found, strict=True)]
    others = sum(difference > kept.within for difference in apart)
    if not others:
        said = f"label {label} answers as version {version} did when it was validated"
        return Finding(server=server, label=label, kind=AGREES, sentence=said)
    said = (
        f"label {label} answers as another model than version {version}: {others} of {len(apart)} answers differ from "
        f"those of its validation, by up to {max(apart):.2f} (allowed: {kept.within:g})"
    )
    return Finding(server=server, label=label, kind=ANOTHER_MODEL, sentence=said)


def _apart(wanted: Sequence[float], found: Sequence[float]) -> float:
    """Returns the largest difference of a probability; 1 when there is another number of labels."""
    if len(wanted) != len(found):
        return 1.0
    return max(abs(one - other) for one, other in zip(wanted, found, strict=True))

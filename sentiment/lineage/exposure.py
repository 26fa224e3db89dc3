"""Finds the models that were trained on a text, from the sorted identities that every training set leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from sentiment.data.seen import NAME, count_in
from sentiment.results.model_card import TrainedOn
from sentiment.run_folder import RunFolder
from sentiment.serving.state import State
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings


def identities_of(settings: Settings, version: int, run: str) -> Path | None:
    """Returns the file of the identities that a version was trained on: kept with it, or still in its run's folder."""
    places = [folder_of(settings, version) / NAME]
    if run:
        places.append(RunFolder.named(settings, run).identities)
    return next((path for path in places if path.is_file()), None)


Wanted = Mapping[int, Collection[str]]  # the identities of texts (hex), by the version of the identity


def exposed_versions(
    settings: Settings, state: State, wanted: Wanted, could: Callable[[TrainedOn], bool] = lambda data: True
) -> dict[str, Any]:
    """Returns the versions that saw any of the texts, of those whose data say that they could.

    {"versions": [{"version", "condition", "labels", "texts", "through"}], "runs": [names], "unknown": [versions]}:
    `texts` is how many the version itself was trained on, `through` an exposed version that its training started from;
    `runs` were trained but not published, `unknown` are versions from before identities were kept.
    """
    versions = {number: version for number, version in state.versions.items() if could(version.data)}
    kept = {number: identities_of(settings, number, version.run) for number, version in versions.items()}
    texts = {number: count_in(path, wanted) for number, path in kept.items() if path}
    warm_from = {number: version.data.ancestor for number, version in state.versions.items()}
    exposed: dict[int, int | None] = {}
    for number in sorted(state.versions):  # a version only ever starts from an earlier one
        ancestor = warm_from[number] if warm_from[number] in exposed else None
        if texts.get(number) or ancestor is not None:
            exposed[number] = ancestor
    return {
        "versions": [
            {
                "version": number,
                "condition": state.versions[number].condition,
                "labels": [label for label, labelled in state.labels.items() if labelled == number],
                "texts": texts.get(number, 0),
                "through": ancestor,
            }
            for number, ancestor in exposed.items()
        ],
        "runs": _runs(settings, state, wanted),
        "unknown": sorted(number for number, path in kept.items() if path is None and number not in exposed),
    }


def _runs(settings: Settings, state: State, wanted: Wanted) -> list[str]:
    published = {RunFolder.named(settings, version.run).name for version in state.versions.values() if version.run}
    files = sorted(settings.runs.glob(f"*/{NAME}"))
    return [path.parent.name for path in files if path.parent.name not in published and count_in(path, wanted)]


def ancestors(data_of: Mapping[int, TrainedOn], version: int) -> list[int]:
    """Returns the versions from which `version` descends by warm starts, the nearest first."""
    chain: list[int] = []
    before = data_of.get(version, TrainedOn()).ancestor
    while before is not None and before not in chain:
        chain.append(before)
        before = data_of.get(before, TrainedOn()).ancestor
    return chain

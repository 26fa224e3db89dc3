"""Finds what a killed process left behind, and what somebody did to the served folder.

The next change repairs the first, under its lock: it unstages a version that was still loading, removes half-made
folders and the files of pruned versions, and renders `models.config` and `boot.config` again. The second is only
reported: a person has to deal with damaged versions, and with folders that the history does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentiment.language import tr
from sentiment.serving import models_config, version_folder
from sentiment.serving.state import State
from sentiment.settings import Settings

HALF_MADE = re.compile(r"\.[0-9]+\.tmp")
NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Findings:
    """Everything that differs from the history."""

    leftovers: tuple[Path, ...]  # half-made files and folders
    pruned: tuple[Path, ...]  # folders of versions whose files should be gone
    unloaded: int | None  # the version that was loading when its process died
    stale: bool  # models.config is older than the history
    damaged: dict[int, str]  # version → what is wrong with its folder
    orphans: tuple[str, ...]  # folders with a number that the history does not know
    stale_boot: bool = False  # boot.config is not what the history says

    def mendable(self) -> list[str]:
        """Returns a line for everything that the next change repairs."""
        lines = [tr("{path} is left over from an interrupted command", path=path) for path in self.leftovers]
        lines += [tr("{path} belongs to a pruned version", path=path) for path in self.pruned]
        if self.unloaded is not None:
            lines.append(tr("version {version} was loading when its command ended", version=self.unloaded))
        if self.stale:
            lines.append(tr("models.config is older than the history"))
        if self.stale_boot:
            lines.append(tr("boot.config, with which servers start, is not what the history says"))
        return lines


def look(settings: Settings, state: State) -> Findings:
    """Returns everything that differs from the history; changes nothing."""
    numbers, trained = (
        {path for path in _entries(folder) if NUMBER.fullmatch(path.name)}
        for folder in (settings.versions, settings.trained)
    )
    gone = {str(number) for number, version in state.versions.items() if version.condition == "pruned"}
    kept = {number: version for number, version in state.versions.items() if str(number) not in gone}
    problems = {number: version_folder.problem(settings, version) for number, version in kept.items()}
    config = models_config.read(settings.models_config)
    edited = config is not None and models_config.edited_by_hand(config)
    return Findings(
        leftovers=tuple(_leftovers(settings)),
        pruned=tuple(sorted(path for path in numbers | trained if path.name in gone)),
        unloaded=state.staged,
        stale=not edited and models_config.is_older(config, state, settings) and bool(config or state.versions),
        damaged={number: trouble for number, trouble in problems.items() if trouble},
        orphans=tuple(_told_orphan(path) for path in sorted(numbers) if path.name not in {*gone, *map(str, kept)}),
        stale_boot=bool(state.versions)
        and models_config.read(settings.boot_config) != models_config.boot(state, settings),
    )


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _leftovers(settings: Settings) -> Iterator[Path]:
    for folder in (settings.versions, settings.trained):
        yield from (path for path in _entries(folder) if HALF_MADE.fullmatch(path.name))
    for config in (settings.models_config, settings.boot_config):
        yield from config.parent.glob(f".{config.name}.*.tmp")


def _told_orphan(folder: Path) -> str:
    said = version_folder.origin(folder)
    if said.digest and said.run:
        return tr(
            "{folder}: a publish of {run} was interrupted; publish it again to finish", folder=folder, run=said.run
        )
    if said.digest:
        return tr("{folder}: a publish of an export was interrupted; publish it again to finish", folder=folder)
    return tr("{folder}: this system did not publish it and does not touch it", folder=folder)

"""Which versions and runs saw the texts of one delivery while it counted: in training, or in a test set."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sentiment.data.identity import RULES, VERSION, identity
from sentiment.data.ledger_batch import having
from sentiment.data.posts import each_post
from sentiment.data.selection import seen_by
from sentiment.errors import InputError
from sentiment.lineage.exposure import exposed_versions
from sentiment.lineage.lineage import prepared_data
from sentiment.results.deliveries import Prepare
from sentiment.results.model_card import TrainedOn
from sentiment.run_folder import RunFolder
from sentiment.serving.history import read_state
from sentiment.serving.retractions import Retraction
from sentiment.serving.state import State
from sentiment.settings import Settings
from sentiment.step import Result


def saw(
    settings: Settings,
    connection: sqlite3.Connection,
    delivery: int,
    texts: Sequence[bytes],
    changes: Sequence[Retraction],
) -> Result:
    """Returns what saw the texts of a delivery; `changes` are the newest retractions before this one.

    {"trained": as `exposed_versions` has it, "tested": [{"version", "texts"}], "runs": [names], "unknown": [versions],
     "clean": the newest earlier stable version that did not see them, or null}
    `texts` of what was tested is null where the run's files are gone.
    """
    state = read_state(settings)
    words = {text for _, text in having(connection, "SELECT identity, text FROM statements", texts) if text}
    wanted = {version: frozenset(map(rule, words)) for version, rule in RULES.items()}
    out = {one.number for one in changes if one.delivery == delivery and not one.undone}

    def could(data: TrainedOn) -> bool:
        slices = seen_by(data)
        last = max((item.last for item in slices), default=0)
        took = any(item.first <= delivery <= item.last for item in slices)
        return took and not any(number <= last for number in out)

    exposed = exposed_versions(settings, state, wanted, could)
    trained = {item["version"] for item in exposed["versions"]}
    return {
        "trained": exposed["versions"],
        "tested": list(_tested(settings, state, could, wanted)),
        "runs": [run for run in exposed["runs"] if _may_have(RunFolder.named(settings, run), could)],
        "unknown": exposed["unknown"],
        "clean": next((number for number in reversed(state.stables[:-1]) if number not in trained), None),
    }


def _tested(
    settings: Settings, state: State, could: Callable[[TrainedOn], bool], wanted: dict[int, frozenset[str]]
) -> Iterator[Result]:
    for number, version in state.versions.items():
        if not could(version.data):
            continue
        files = _test_files(RunFolder.named(settings, version.run)) if version.run else []
        texts = None if not files else sum(_count(path, settings, wanted[VERSION]) for path in files)
        if texts != 0:
            yield {"version": number, "texts": texts}


def _test_files(run: RunFolder) -> list[Path]:
    return [path for path in (run.frozen, run.rolling) if path.is_file()]


def _count(path: Path, settings: Settings, wanted: frozenset[str]) -> int:
    return sum(identity(post.text) in wanted for post in each_post(path, settings.label_set))


def _may_have(run: RunFolder, could: Callable[[TrainedOn], bool]) -> bool:
    """Tells whether a run was prepared while the delivery counted; one that does not say may have been."""
    try:
        return could(prepared_data(run.read(Prepare)))
    except InputError:
        return True

from __future__ import annotations

from pathlib import Path

from support.histories import fold_of

from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.promote import prunable, prune
from sentiment.settings import Settings

EVENTS = ("published", "staged", "canary", "promoted")


def promoted(*numbers: int) -> list[dict[str, object]]:
    return [{"event": name, "version": number} for number in numbers for name in EVENTS]


def test_pruning_spares_what_is_served_and_the_newest_unserved() -> None:
    published = [{"event": "published", "version": number} for number in range(3, 9)]
    canary = [{"event": name, "version": 4} for name in ("staged", "canary")]
    state = fold_of([*promoted(1, 2), *published, *canary])
    assert prunable(state, keep=3) == [3, 5]
    assert prunable(state, keep=0) == [3, 5, 6, 7, 8]


def test_after_a_rollback_the_version_before_is_spared_though_it_is_not_served() -> None:
    state = fold_of([*promoted(1, 2, 3), {"event": "rolled_back", "version": 2}])
    assert state.served == (2,)
    assert prunable(state, keep=0) == [3]


def test_pruned_versions_leave_the_disk_and_the_history_says_so(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with changing(settings) as change:
        for entry in promoted(*range(1, 8)):
            change.record(str(entry["event"]), int(str(entry["version"])))
            for folder in (settings.versions, settings.trained):
                (folder / str(entry["version"])).mkdir(parents=True, exist_ok=True)
        assert prune(change) == [2]
        assert prune(change) == []
    kept = ["1", "3", "4", "5", "6", "7"]  # version 1 is the reference: no other was shown to be better than it
    assert sorted(path.name for path in settings.versions.iterdir()) == kept
    assert sorted(path.name for path in settings.trained.iterdir()) == kept
    assert [number for number, v in read_state(settings).versions.items() if v.condition == "pruned"] == [2]

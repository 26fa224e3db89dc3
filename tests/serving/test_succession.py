"""By which version another was followed, from the events alone."""

from __future__ import annotations

from typing import Any

import pytest

from sentiment.language import recorded, speaking
from sentiment.results.events import event_of
from sentiment.serving.rules import fold
from sentiment.serving.state import Version
from sentiment.serving.succession import condition_told, successors, superseded

THREE = [("published", 1), ("staged", 1), ("canary", 1), ("promoted", 1)]
THREE += [("published", 2), ("staged", 2), ("canary", 2), ("published", 3), ("staged", 3), ("canary", 3)]


def after(*more: tuple[str, int]) -> tuple[Any, Any]:
    events = [event_of({"event": name, "version": version}) for name, version in (*THREE, *more)]
    return events, fold(events)


@pytest.mark.parametrize(
    ("more", "version", "by", "told"),
    [
        ([], 2, 3, "replaced by version 3"),
        ([], 3, None, "served"),
        ([], 1, None, "served"),
        ([("withdrawn", 3)], 2, 3, "replaced by version 3"),
        ([("withdrawn", 3)], 3, None, "withdrawn"),
        ([("promoted", 3)], 1, 3, "retired, followed by version 3"),
        ([("promoted", 3)], 3, None, "served"),
        ([("promoted", 3), ("rolled_back", 1)], 3, 1, "rolled back to version 1"),
        ([("promoted", 3), ("rolled_back", 1)], 1, None, "served"),
        ([("staged", 2), ("canary", 2)], 3, 2, "replaced by version 2"),
        ([("staged", 2), ("canary", 2)], 2, None, "served"),
    ],
)
def test_what_became_of_a_version(more: list[tuple[str, int]], version: int, by: int | None, told: str) -> None:
    events, state = after(*more)
    assert successors(events).get(version) == by
    assert condition_told(state.versions[version], successors(events)) == told


def test_labels_set_by_hand_have_followers_too() -> None:
    events, _ = after()
    by_hand = event_of({"event": "adopted", "version": 2, "stable": 1, "canary": 2})
    assert successors([*events, by_hand])[3] == 2


def test_only_the_canary_is_not_superseded() -> None:
    events, state = after()
    assert superseded(3, state, events) == ""
    assert superseded(2, state, events) == (
        "Superseded: version 2 is replaced by version 3; the canary is now version 3. This question is closed, and "
        "nothing changed."
    )
    assert superseded(9, state, events).startswith("Superseded: version 9 is unknown; the canary is now version 3.")
    events, state = after(("withdrawn", 3))
    assert "version 3 is withdrawn; there is no canary now." in superseded(3, state, events)


@pytest.mark.parametrize(
    ("more", "version", "told"),
    [
        ([], 2, "第 2 版的狀態為「已被第 3 版替換」；目前的試行版是第 3 版。"),
        ([("promoted", 3)], 1, "第 1 版的狀態為「已卸任，由第 3 版接替」；目前沒有試行版。"),
        ([("promoted", 3), ("rolled_back", 1)], 3, "第 3 版的狀態為「已回復到第 1 版」；目前沒有試行版。"),
        ([("withdrawn", 3)], 3, "第 3 版的狀態為「已撤回」；目前沒有試行版。"),
        ([], 9, "第 9 版的狀態為「不明」；目前的試行版是第 3 版。"),
    ],
)
def test_what_became_of_a_version_is_told_in_chinese(more: list[tuple[str, int]], version: int, told: str) -> None:
    events, state = after(*more)
    whole = f"已被取代：{told}這項核准申請已結案，沒有任何變更。"
    english = superseded(version, state, events)
    with speaking("zh-TW"):
        assert superseded(version, state, events) == recorded(english) == whole


@pytest.mark.parametrize(
    "condition", ["published", "served", "failed", "withdrawn", "replaced", "retired", "rolled back", "pruned"]
)
def test_every_condition_has_a_word(condition: str) -> None:
    with speaking("zh-TW"):
        assert not condition_told(Version(1, condition), {}).isascii()

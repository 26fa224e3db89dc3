from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.errors import InputError
from sentiment.serving.prune import prunable
from sentiment.serving.state import RULES, State, apply, fold


def events(*steps: str) -> list[dict[str, Any]]:
    """`"staged 2"` → an event."""
    return [{"event": name, "version": int(number)} for name, number in (step.split() for step in steps)]


FIRST_STABLE = ("published 1", "staged 1", "canary 1", "promoted 1")
SECOND_STABLE = (*FIRST_STABLE, "published 2", "staged 2", "canary 2", "promoted 2")


def test_a_version_goes_from_published_to_stable() -> None:
    state = fold(events(*FIRST_STABLE))
    assert (state.stable, state.canary, state.previous, state.served) == (1, None, None, (1,))
    assert state.labels == {"stable": 1}


def test_promotion_keeps_the_old_stable_loaded_for_a_rollback() -> None:
    state = fold(events(*SECOND_STABLE))
    assert (state.stable, state.previous, state.served) == (2, 1, (1, 2))
    assert state.versions[1].condition == "retired"


def test_rollback_returns_to_the_previous_stable() -> None:
    state = fold(events(*SECOND_STABLE, "rolled_back 1"))
    assert (state.stable, state.previous, state.served) == (1, None, (1,))
    assert state.versions[2].condition == "rolled back"


def test_a_rolled_back_version_may_become_canary_again() -> None:
    state = fold(events(*SECOND_STABLE, "rolled_back 1", "staged 2", "canary 2", "promoted 2"))
    assert (state.stable, state.previous) == (2, 1)


def test_a_new_canary_replaces_the_old_one() -> None:
    state = fold(events(*FIRST_STABLE, "published 2", "published 3", "staged 2", "canary 2", "staged 3", "canary 3"))
    assert state.canary == 3
    assert state.versions[2].condition == "replaced"
    assert state.served == (1, 3)


def test_a_version_that_does_not_load_leaves_stable_alone() -> None:
    broken = {"event": "unstaged", "version": 2, "error": "truncated"}
    state = fold([*events(*FIRST_STABLE, "published 2", "staged 2"), broken])
    assert (state.stable, state.staged, state.served) == (1, None, (1,))
    assert (state.versions[2].condition, state.versions[2].error) == ("failed", "truncated")


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        (FIRST_STABLE, "published 1"),
        (FIRST_STABLE, "promoted 1"),
        (FIRST_STABLE, "promoted 9"),
        (FIRST_STABLE, "withdrawn 1"),
        (FIRST_STABLE, "rolled_back 1"),
        (FIRST_STABLE, "canary 1"),
        (FIRST_STABLE, "staged 1"),
        (FIRST_STABLE, "pruned 1"),
        (FIRST_STABLE, "unstaged 1"),
        (SECOND_STABLE, "canary 1"),
        (SECOND_STABLE, "pruned 1"),
        ((*FIRST_STABLE, "published 2"), "canary 2"),
        ((*FIRST_STABLE, "published 2"), "promoted 2"),
        ((*FIRST_STABLE, "published 2", "published 3", "staged 2"), "staged 3"),
        ((*FIRST_STABLE, "published 2", "pruned 2"), "staged 2"),
        ((), "sold 1"),
    ],
)
def test_an_event_that_the_state_forbids_is_refused(before: tuple[str, ...], refused: str) -> None:
    state = fold(events(*before))
    with pytest.raises(InputError):
        apply(state, events(refused)[0])


@given(st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.integers(1, 6)), max_size=60))
def test_any_sequence_of_events_keeps_the_invariants(steps: list[tuple[str, int]]) -> None:
    state = State()
    for name, number in steps:
        before = state
        try:
            state = apply(state, {"event": name, "version": number})
        except InputError:
            continue
        assert set(state.labels.values()) <= set(state.served) <= set(state.versions)
        assert set(before.versions) <= set(state.versions)
        assert before.stable is None or state.stable is not None
        assert state.canary is None or state.canary != state.stable
        assert len(set(state.stables)) == len(state.stables)
        assert all(state.versions[number].condition != "pruned" for number in (*state.served, *state.stables))
        if name == "promoted" and before.stable is not None:
            assert apply(state, {"event": "rolled_back", "version": before.stable}).stable == before.stable


def test_pruning_spares_what_is_served_and_the_newest_unserved() -> None:
    published = [f"published {number}" for number in range(3, 9)]
    state = fold(events(*SECOND_STABLE, *published, "staged 4", "canary 4"))
    assert prunable(state, keep=3) == [3, 5]
    assert prunable(state, keep=0) == [3, 5, 6, 7, 8]

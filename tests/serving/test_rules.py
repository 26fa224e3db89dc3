"""The rules of the serving state: examples, every state with up to three versions, and any sequence at all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment.errors import InputError
from sentiment.results.events import LARGEST, NAMES, event_of
from sentiment.serving import rules
from sentiment.serving.state import State

Event = dict[str, Any]


def apply(state: State, entry: Event) -> State:
    """Returns the state after an event as it is written."""
    return rules.apply(state, event_of(entry))


def fold(entries: list[Event]) -> State:
    """Returns the state after events as they are written."""
    return rules.fold(map(event_of, entries))


def event(step: str, **details: Any) -> Event:
    """`"staged 2"` → an event."""
    name, number = step.split()
    return {"event": name, "version": int(number), **details}


def events(*steps: str) -> list[Event]:
    return [event(step) for step in steps]


FIRST_STABLE = ("published 1", "staged 1", "canary 1", "promoted 1")
SECOND_STABLE = (*FIRST_STABLE, "published 2", "staged 2", "canary 2", "promoted 2")
THIRD_STABLE = (*SECOND_STABLE, "published 3", "staged 3", "canary 3", "promoted 3")


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


def test_after_a_rollback_an_earlier_version_is_not_served_before_it_is_loaded() -> None:
    state = fold(events(*THIRD_STABLE, "rolled_back 2"))
    assert (state.stable, state.previous, state.served) == (2, 1, (2,))
    with pytest.raises(InputError, match="not loaded"):
        apply(state, event("rolled_back 1"))
    assert fold(events(*THIRD_STABLE, "rolled_back 2", "staged 1", "rolled_back 1")).served == (1,)


def test_the_version_that_a_rollback_returns_to_is_not_pruned() -> None:
    state = fold(events(*THIRD_STABLE, "rolled_back 2"))
    with pytest.raises(InputError, match="must be kept"):
        apply(state, event("pruned 1"))


def pinning(*steps: str, pins: tuple[int, ...]) -> list[Event]:
    """Events in which the versions `pins` were shown to be better than the reference before them."""
    made = events(*steps)
    return [one | ({"pins": one["version"] in pins} if one["event"] == "published" else {}) for one in made]


def test_the_reference_moves_only_to_what_was_shown_to_be_better() -> None:
    for pins, reference in (((1,), 1), ((1, 2), 2), ((1, 2, 3), 3), ((1, 3), 3)):
        assert fold(pinning(*THIRD_STABLE, pins=pins)).reference == reference
    assert fold(pinning(*FIRST_STABLE, "published 2", "staged 2", "canary 2", pins=(1, 2))).reference == 1
    assert fold([]).reference is None


def test_a_rollback_brings_back_the_reference_of_that_time() -> None:
    state = fold(pinning(*THIRD_STABLE, "rolled_back 2", pins=(1, 3)))
    assert (state.stable, state.reference) == (2, 1)


def test_a_history_that_knows_no_reference_has_the_earliest_stable_version_that_is_there() -> None:
    assert fold(events(*THIRD_STABLE)).reference == 1
    assert fold(events(*THIRD_STABLE, "pruned 1")).reference == 2


def test_a_rolled_back_version_may_become_canary_again() -> None:
    state = fold(events(*SECOND_STABLE, "rolled_back 1", "staged 2", "canary 2", "promoted 2"))
    assert (state.stable, state.previous) == (2, 1)


def test_a_new_canary_replaces_the_old_one() -> None:
    state = fold(events(*FIRST_STABLE, "published 2", "published 3", "staged 2", "canary 2", "staged 3", "canary 3"))
    assert state.canary == 3
    assert state.versions[2].condition == "replaced"
    assert state.served == (1, 3)


def test_a_version_that_does_not_load_leaves_stable_alone() -> None:
    state = fold([*events(*FIRST_STABLE, "published 2", "staged 2"), event("unstaged 2", error="truncated")])
    assert (state.stable, state.staged, state.served) == (1, None, (1,))
    assert (state.versions[2].condition, state.versions[2].error) == ("failed", "truncated")


def test_a_promotion_by_hand_is_adopted_as_one() -> None:
    before = fold(events(*SECOND_STABLE, "published 3", "staged 3", "canary 3"))
    state = apply(before, event("adopted 3", stable=3, canary=None, kept=2))
    assert state == apply(before, event("promoted 3"))._replace(last_move="adopted")


def test_a_rollback_by_hand_that_keeps_the_canary_is_adopted() -> None:
    state = apply(fold(events(*SECOND_STABLE)), event("adopted 1", stable=1, canary=2, kept=None))
    assert (state.stable, state.canary, state.stables, state.served) == (1, 2, (1,), (1, 2))


@pytest.mark.parametrize(
    ("before", "refused", "because"),
    [
        (FIRST_STABLE, "published 1", "must increase"),
        (FIRST_STABLE, "promoted 1", "only the canary can be promoted"),
        (FIRST_STABLE, "promoted 9", "must have been published"),
        (FIRST_STABLE, "withdrawn 1", "only the canary can be withdrawn"),
        (FIRST_STABLE, "rolled_back 1", "earlier stable version"),
        (FIRST_STABLE, "canary 1", "come back by a rollback"),
        (FIRST_STABLE, "staged 1", "loaded must not be staged"),
        (FIRST_STABLE, "pruned 1", "not served can be pruned"),
        (FIRST_STABLE, "unstaged 1", "only a loading version"),
        (SECOND_STABLE, "canary 1", "come back by a rollback"),
        (SECOND_STABLE, "pruned 1", "not served can be pruned"),
        ((*FIRST_STABLE, "published 2"), "canary 2", "not loaded"),
        ((*FIRST_STABLE, "published 2"), "promoted 2", "there is no canary"),
        ((*FIRST_STABLE, "published 2", "published 3", "staged 2"), "staged 3", "version 2 still loading"),
        ((*FIRST_STABLE, "published 2", "pruned 2"), "staged 2", "files must still exist"),
        ((*THIRD_STABLE, "pruned 1"), "rolled_back 1", "files must still exist"),
        ((), "sold 1", "an event must be one of published, .*found 'sold'"),
    ],
)
def test_an_event_that_the_state_forbids_is_refused_with_the_reason(
    before: tuple[str, ...], refused: str, because: str
) -> None:
    state = fold(events(*before))
    with pytest.raises(InputError, match=because):
        apply(state, event(refused))


@pytest.mark.parametrize(
    ("labels", "because"),
    [
        ({"stable": None, "canary": 3}, "one version must stay stable"),
        ({"stable": 2, "canary": 2}, "must not be the stable"),
        ({"stable": 2, "canary": 1}, "come back by a rollback"),
        ({"stable": 9}, "must have been published"),
        ({"stable": 2, "kept": 3}, "kept loaded"),
        ({"stable": 1, "kept": 2}, "kept loaded"),
        ({"stable": True}, "whole number"),
        ({"stable": 2, "canary": "3"}, "whole number"),
    ],
)
def test_an_edit_that_cannot_be_history_is_refused(labels: Event, because: str) -> None:
    state = fold(events(*SECOND_STABLE, "published 3"))
    with pytest.raises(InputError, match=because):
        apply(state, {"event": "adopted", "version": labels["stable"] or 3, **labels})


@pytest.mark.parametrize("version", [None, "1", True, False, 0, -1, 1.0, [1], {}, LARGEST + 1, 10**400])
@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_malformed_version_is_refused_in_one_short_line(name: str, version: Any) -> None:
    with pytest.raises(InputError, match=f"a '{name}' event's version must be (a whole number|there)") as caught:
        apply(fold(events(*SECOND_STABLE)), {"event": name, "version": version})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", [None, 1, ["published"], {}, "", "Published"])
def test_a_malformed_name_is_refused(name: Any) -> None:
    with pytest.raises(InputError, match="an event must be one of"):
        apply(State(), {"event": name, "version": 1})


@pytest.mark.parametrize(("key", "value"), [("run", 5), ("digest", []), ("size", "1"), ("data", 1), ("metrics", [])])
def test_a_detail_of_the_wrong_kind_is_refused(key: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"a 'published' event's {key} must be a"):
        apply(State(), event("published 1", **{key: value}))


class Facts(NamedTuple):
    """What decides, written down another way: the order of the stable versions and what is loaded."""

    published: int  # versions 1 … published exist
    pruned: frozenset[int]
    stables: tuple[int, ...]
    canary: int | None
    staged: int | None
    kept: int | None


def facts_of(state: State) -> Facts:
    pruned = frozenset(n for n, version in state.versions.items() if version.condition == "pruned")
    return Facts(len(state.versions), pruned, state.stables, state.canary, state.staged, state.kept)


def allowed(facts: Facts, entry: Event) -> bool:
    """The table, written independently of the rules: may this event happen now?"""
    name, number = entry["event"], entry["version"]
    there = {n for n in range(1, facts.published + 1) if n not in facts.pruned}
    loaded = {facts.canary, facts.staged, facts.kept, *facts.stables[-1:]} - {None}
    earlier = facts.stables[:-1]
    if name == "published":
        return bool(number == facts.published + 1)
    if name == "adopted":
        return number in there and adoptable(facts, there, entry)
    table = {
        "staged": facts.staged is None and number not in loaded,
        "unstaged": number == facts.staged,
        "canary": number in loaded and number not in facts.stables,
        "promoted": number == facts.canary,
        "withdrawn": number == facts.canary,
        "rolled_back": number in loaded and number in earlier,
        "pruned": number not in loaded and number not in earlier[-1:],
    }
    return number in there and bool(table[name])


def adoptable(facts: Facts, there: set[int], entry: Event) -> bool:
    stable, canary, kept = entry["stable"], entry["canary"], entry["kept"]
    after = list(facts.stables)
    if stable in after:
        del after[after.index(stable) + 1 :]
    elif stable:
        after.append(stable)
    return (
        {stable, canary, kept} - {None} <= there
        and entry["version"] in (stable, canary)
        and bool(stable or not facts.stables)
        and (canary is None or canary not in after)
        and (kept is None or after[-2:-1] == [kept])
    )


def every_event(newest: int) -> Iterator[Event]:
    numbers = range(1, newest + 2)
    for name, number in product(sorted({*NAMES} - {"adopted"}), numbers):
        yield {"event": name, "version": number}
    choices = (None, *range(1, newest + 1))
    for stable, canary, kept in product(choices, repeat=3):
        for number in numbers:
            yield {"event": "adopted", "version": number, "stable": stable, "canary": canary, "kept": kept}


def require_sound(before: State, entry: Event, state: State) -> None:
    """The invariants."""
    assert set(state.labels.values()) <= set(state.served) <= set(state.versions), "labels are on served versions"
    assert all(state.versions[n].condition != "pruned" for n in (*state.served, *state.stables)), "files are there"
    assert before.stable is None or state.stable is not None, "exactly one stable, once there was one"
    assert state.canary is None or state.canary not in state.stables
    assert len(set(state.stables)) == len(state.stables)
    assert set(before.versions) <= set(state.versions), "versions only grow"
    assert list(state.versions) == sorted(state.versions)
    assert state.newest == max(state.versions, default=0) >= before.newest
    assert set(state.served) <= {
        *before.served,
        entry["version"],
        *(entry.get(k) for k in ("stable", "canary", "kept")),
    }
    if entry["event"] == "promoted" and before.stable is not None:
        back = apply(state, {"event": "rolled_back", "version": before.stable})  # without loading: it is still served
        assert (back.stable, before.stable in state.served) == (before.stable, True)


def test_every_event_in_every_state_with_up_to_three_versions_is_as_the_table_says() -> None:
    seen, waiting = {facts_of(State()): State()}, [State()]
    refused = happened = 0
    while waiting:
        state = waiting.pop(0)
        for entry in every_event(len(state.versions)):
            try:
                after = apply(state, entry)
            except InputError as error:
                assert not allowed(facts_of(state), entry), (facts_of(state), entry, str(error))
                assert "\n" not in str(error) and error.found and error.must_hold
                refused += 1
                continue
            assert allowed(facts_of(state), entry), (facts_of(state), entry)
            require_sound(state, entry, after)
            happened += 1
            if len(after.versions) <= 3 and facts_of(after) not in seen:
                seen[facts_of(after)] = after
                waiting.append(after)
    assert len(seen) > 200
    assert happened > 1000
    assert refused > 10_000


entries = st.one_of(
    st.fixed_dictionaries(
        {"event": st.sampled_from(sorted(NAMES)), "version": st.integers(1, 6)},
        optional={label: st.none() | st.integers(1, 6) for label in ("stable", "canary", "kept")},
    ),
    st.fixed_dictionaries({"event": st.just("published"), "version": st.integers(1, 9)}),
)


@given(st.lists(entries, max_size=60))
@example(events(*THIRD_STABLE, "rolled_back 2", "published 4"))
def test_any_sequence_of_events_keeps_the_invariants(sequence: list[Event]) -> None:
    state, happened = State(), []
    for entry in sequence:
        before = state
        try:
            state = apply(state, entry)
        except InputError:
            assert state is before
            continue
        happened.append(entry)
        require_sound(before, entry, state)
    assert fold(happened) == state, "a fold is its steps"
    assert fold(json.loads(json.dumps(happened))) == state, "events round-trip through JSON"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("event", "version", "run", "at", "data", "error", "stable", "canary", "kept")


@given(st.sampled_from([(), FIRST_STABLE, SECOND_STABLE]), st.dictionaries(st.sampled_from(KEYS), anything))
def test_nonsense_is_refused_and_never_a_traceback(before: tuple[str, ...], entry: Event) -> None:
    state = fold(events(*before))
    for name in (entry.get("event"), *NAMES):
        try:
            after = apply(state, {**entry, "event": name})
        except InputError:
            continue
        assert after.stable is None or after.stable in after.versions


def test_a_fold_takes_time_in_proportion_to_the_events() -> None:
    """Six events for each of 1,000 versions take about 50 ms; a copy for each event would be quadratic."""
    steps = ("published", "staged", "unstaged", "staged", "canary", "promoted")
    long = [{"event": name, "version": number} for number in range(1, 4001) for name in steps]

    def seconds(number: int) -> float:
        began = time.process_time()
        assert len(fold(long[: 6 * number]).versions) == number
        return time.process_time() - began

    assert min(seconds(4000) for _ in range(3)) < 12 * min(seconds(1000) for _ in range(3))


def test_a_fold_leaves_the_states_that_others_hold_alone() -> None:
    first = fold(events(*FIRST_STABLE))
    second = apply(first, event("published 2"))
    assert (sorted(first.versions), sorted(second.versions)) == ([1], [1, 2])

"""Which versions are served, and in which order they are loaded and unloaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.model_server.config import VersionPolicy
from sentiment.model_server.policy import State, Steps, VersionState, next_steps, version_number, wanted_folders

AVAILABLE, LOADING = VersionState(State.AVAILABLE), VersionState(State.LOADING)
ENDED, FAILED = VersionState(State.END), VersionState(State.END, gave_up=True)


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (VersionPolicy(), [30]),
        (VersionPolicy("latest", latest=2), [5, 30]),
        (VersionPolicy("latest", latest=9), [1, 5, 30]),
        (VersionPolicy("all"), [1, 5, 30]),
        (VersionPolicy("specific", specific=(1, 5, 77)), [1, 5]),
        (VersionPolicy("specific"), []),
    ],
)
def test_a_policy_picks_from_the_versions_that_are_there(policy: VersionPolicy, wanted: list[int]) -> None:
    assert list(wanted_folders(policy, ["5", "1", "30", "7.tmp"])) == wanted


@pytest.mark.parametrize(
    ("policy", "folder"),
    [
        (VersionPolicy(), "1"),
        (VersionPolicy("all"), "001"),
        (VersionPolicy("specific", specific=(1,)), "1"),
        (VersionPolicy("specific", specific=(1, 2)), "1 "),
    ],
)
def test_one_of_several_folders_of_a_version_is_taken_as_the_real_server_takes_it(
    policy: VersionPolicy, folder: str
) -> None:
    """Source: `file_system_storage_path_source.cc:IndexChildrenByVersion`, `AspireAllVersions` and its fast path."""
    names = {"1", "01", "001"} | ({"1 "} if len(policy.specific) > 1 else set())
    assert wanted_folders(policy, names) == {1: folder}


@pytest.mark.parametrize(
    ("folder", "number"),
    [("7", 7), ("0012", 12), ("0", 0), ("-1", -1), (" 7\n", 7), ("+7", None), ("- 7", None), ("7.tmp", None)]
    + [(name, None) for name in (".7", "", "７", " ", "7_0", "0x7", "7e2")],
)
def test_a_version_folder_is_named_by_an_integer(folder: str, number: int | None) -> None:
    assert version_number(folder) == number


def test_a_number_beyond_int64_is_no_version() -> None:
    assert version_number(str(2**63)) is None
    assert (version_number(str(2**63 - 1)), version_number(str(-(2**63)))) == (2**63 - 1, -(2**63))


def test_what_is_wanted_and_unknown_or_ended_is_loaded() -> None:
    assert next_steps([1, 2, 3], {1: AVAILABLE, 2: ENDED}).load == (3, 2), "the highest first"


def test_a_failed_version_is_not_tried_again_until_it_was_dropped() -> None:
    assert next_steps([2], {2: FAILED}) == Steps()
    assert next_steps([], {2: FAILED}) == Steps(forgive=(2,))


def test_the_old_version_stays_until_a_wanted_one_is_available() -> None:
    assert next_steps([2], {1: AVAILABLE, 2: LOADING}).unload == ()
    assert next_steps([2], {1: AVAILABLE, 2: FAILED}).unload == ()
    assert next_steps([2], {1: AVAILABLE, 2: AVAILABLE}).unload == (1,)


def test_of_several_old_versions_the_highest_stays() -> None:
    assert next_steps([4], {1: AVAILABLE, 2: AVAILABLE, 3: AVAILABLE}) == Steps(load=(4,), unload=(1, 2))


def test_with_nothing_wanted_everything_is_unloaded() -> None:
    assert next_steps([], {1: AVAILABLE, 2: AVAILABLE, 3: LOADING}) == Steps(unload=(1, 2))


entries = st.builds(VersionState, st.sampled_from(State), gave_up=st.booleans())


@given(st.sets(st.integers(1, 6)), st.dictionaries(st.integers(1, 6), entries))
def test_a_model_that_answers_goes_on_answering_while_anything_is_wanted(
    wanted: set[int], states: dict[int, VersionState]
) -> None:
    available = {version for version, entry in states.items() if entry.state is State.AVAILABLE}
    steps = next_steps(wanted, states)
    assert not set(steps.load) & set(steps.unload)
    assert set(steps.unload) <= available - wanted
    if wanted and available:
        assert available - set(steps.unload)

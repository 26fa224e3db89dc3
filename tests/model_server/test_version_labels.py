"""A label goes to an available version, or to none: all labels of a configuration or none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.model_server.config import ModelConfig
from sentiment.model_server.policy import State, VersionState, assign_labels
from sentiment.model_server.refusal import Code, Refusal

STATES = {
    "m": {
        1: VersionState(State.AVAILABLE),
        2: VersionState(State.LOADING),
        3: VersionState(State.END),
        4: VersionState(State.UNLOADING),
    }
}


def assign(labels: dict[str, int], current: dict[str, int], *, allow: bool = False) -> dict[str, int]:
    models = [ModelConfig("m", Path("/m"), labels=labels)]
    return assign_labels(models, STATES, {"m": current}, allow_unavailable=allow).get("m", {})


def test_an_available_version_may_have_several_labels() -> None:
    assert assign({"stable": 1, "canary": 1}, {}) == {"stable": 1, "canary": 1}


@pytest.mark.parametrize("version", [2, 3, 4, 77])
@pytest.mark.parametrize("current", [{}, {"canary": 1}])
def test_a_version_that_is_not_available_gets_no_label(version: int, current: dict[str, int]) -> None:
    with pytest.raises(Refusal, match=f"version {version} of model m, which is not currently available") as refused:
        assign({"stable": 1, "canary": version}, current)
    assert refused.value.code is Code.FAILED_PRECONDITION


def test_the_flag_lets_a_new_label_name_a_version_that_is_not_available() -> None:
    assert assign({"canary": 77}, {"stable": 1}, allow=True) == {"canary": 77}


def test_the_flag_lets_a_label_stay_where_it_is() -> None:
    assert assign({"canary": 2}, {"canary": 2}, allow=True) == {"canary": 2}


def test_the_flag_does_not_let_an_existing_label_move_to_an_unloaded_version() -> None:
    with pytest.raises(Refusal, match="version 2 of model m"):
        assign({"stable": 2}, {"stable": 1}, allow=True)


def test_a_label_that_the_configuration_leaves_out_is_gone() -> None:
    assert assign({"stable": 1}, {"stable": 1, "canary": 1}) == {"stable": 1}

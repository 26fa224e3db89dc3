"""Versions, labels, and the reload RPC. Each test names the place in TensorFlow Serving's source that it holds."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.conformance import TEXT, Model, Target, lose_the_graph, refused, specific, standing_config, warm_up_with


def test_a_label_moves_in_two_steps(model: Model) -> None:
    """`server_core.cc:UpdateModelVersionLabelMap` runs before new versions load."""
    model.add(2)
    with refused("FAILED_PRECONDITION", f"Request to assign label to version 2 of model {model.name}, which is not"):
        model.serve_versions(1, 2, stable=2)
    assert model.answers(label="stable") == (1, "正面")
    model.serve_versions(1, 2, stable=1)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    assert (model.answers(label="stable"), model.answers()) == ((1, "正面"), (2, "負面"))
    model.serve_versions(1, 2, stable=2, previous=1)
    assert (model.answers(label="stable"), model.answers(label="previous")) == ((2, "負面"), (1, "正面"))


def test_labels_are_accepted_all_or_none(model: Model) -> None:
    """`server_core.cc:UpdateModelVersionLabelMap` swaps the whole map, at its end."""
    with refused("FAILED_PRECONDITION"):
        model.serve_versions(1, other=1, stable=77)
    assert model.answers(label="stable") == (1, "正面")
    with refused("INVALID_ARGUMENT", "Unrecognized servable version label: other"):
        model.answers(label="other")


def test_a_label_that_is_left_out_is_gone(model: Model) -> None:
    """`server_core.cc:UpdateModelVersionLabelMap`, `GetModelVersionForLabel`."""
    model.serve_versions(1)
    with refused("INVALID_ARGUMENT", "Unrecognized servable version label: stable"):
        model.answers(label="stable")


def test_a_label_stays_when_its_version_is_gone_and_nobody_answers_it(model: Model) -> None:
    """`server_core.cc:ServableRequestFromModelSpec`: a label is a number, and then that number is looked for."""
    model.add(2)
    model.serve_versions(1, 2, stable=1)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.serve_versions(2, stable=1)
    model.await_states({1: "END", 2: "AVAILABLE"})
    with refused("NOT_FOUND", f"Servable not found for request: Specific({model.name}, 1)"):
        model.answers(label="stable")


def test_the_latest_policy(model: Model) -> None:
    """`file_system_storage_path_source.cc:AspireLatestVersions`."""
    model.serve("latest { num_versions: 2 }")
    model.add(2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.add(3)
    model.await_states({1: "END", 2: "AVAILABLE", 3: "AVAILABLE"})
    assert model.answers() == (3, "中立")


def test_the_all_policy(model: Model) -> None:
    """`file_system_storage_path_source.cc:AspireAllVersions`."""
    model.serve("all {}")
    model.add(2)
    model.add(3)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE", 3: "AVAILABLE"})


def test_the_specific_policy_waits_for_a_folder_and_lets_go(model: Model) -> None:
    """`file_system_storage_path_source.cc:AspireSpecificVersions`."""
    model.serve_versions(1, 2)
    assert model.answers() == (1, "正面")
    model.add(2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.serve_versions(2)
    model.await_states({1: "END", 2: "AVAILABLE"})
    with refused("NOT_FOUND", f"Servable not found for request: Specific({model.name}, 1)"):
        model.answers(version=1)


def test_zeros_in_front_of_a_version_do_not_count(model: Model) -> None:
    """`file_system_storage_path_source.cc:ParseVersionNumber`, also where versions are named."""
    model.add(2, name="0002")
    model.add(3, name="3.incomplete")
    model.serve_versions(1, 2, 3)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    assert model.answers(version=2) == (2, "負面")


@pytest.mark.parametrize("policy", [specific(1, 2), "all {}"])
def test_a_version_whose_folder_vanishes_is_unloaded(model: Model, policy: str) -> None:
    """`file_system_storage_path_source.cc:PollFileSystemAndInvokeCallback` asks for what is there."""
    model.add(2)
    model.serve(policy)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.remove(2)
    model.await_states({1: "AVAILABLE", 2: "END"})
    assert model.answers() == (1, "正面")


def test_a_model_without_any_folder_has_no_version_until_there_is_one(model: Model) -> None:
    """`file_system_storage_path_source.cc:PollFileSystemAndInvokeCallback`: an empty list unloads everything."""
    model.remove(1)
    model.await_states({1: "END"})
    with refused("NOT_FOUND", f"Servable not found for request: Latest({model.name})"):
        model.answers()
    model.add(1)
    model.await_states({1: "AVAILABLE"})
    assert model.answers() == (1, "正面")


def test_a_base_path_that_vanishes_changes_nothing(model: Model) -> None:
    """`file_system_storage_path_source.cc:PollFileSystemForServable` fails, and then nothing is asked for."""
    away = model.folder.rename(model.folder.with_name(f".{model.name}-away"))
    try:
        time.sleep(model.target.two_polls)
        assert (model.states(), model.answers()) == ({1: "AVAILABLE"}, (1, "正面"))
    finally:
        away.rename(model.folder)


def test_the_highest_version_is_loaded_first(model: Model) -> None:
    """`aspired_version_policy.cc:GetHighestAspiredNewServableId`; with `--num_load_threads=1`."""
    gate = model.add_held(3)
    model.add(2)
    try:
        model.serve_versions(1, 2, 3)
        model.await_states({1: "AVAILABLE", 2: "START", 3: "LOADING"})
    finally:
        gate.touch()
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE", 3: "AVAILABLE"})


def test_of_several_old_versions_the_highest_waits_for_the_new_one(model: Model) -> None:
    """`availability_preserving_policy.cc:GetNextAction`."""
    model.add(2)
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    gate = model.add_held(3)
    try:
        model.serve_versions(3)
        model.await_states({1: "END", 2: "AVAILABLE", 3: "LOADING"})
        assert model.answers() == (2, "負面")
    finally:
        gate.touch()
    model.await_states({1: "END", 2: "END", 3: "AVAILABLE"})


def test_the_old_version_answers_as_long_as_the_new_one_does_not_load(model: Model) -> None:
    """`availability_preserving_policy.cc:GetNextAction`."""
    model.add(2, lose_the_graph)
    model.serve_versions(2)
    model.await_states({1: "AVAILABLE", 2: "END"})
    assert model.answers() == (1, "正面")
    model.add(3)
    model.serve_versions(3)
    model.await_states({1: "END", 2: "END", 3: "AVAILABLE"})


def test_a_version_that_comes_back_is_loaded_again(model: Model) -> None:
    """`aspired_versions_manager.cc:ContainsAnyReaspiredVersions`: when it has been let go."""
    model.add(2)
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    model.serve_versions(1)
    model.await_states({1: "AVAILABLE", 2: "END"})
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})
    assert model.answers() == (2, "負面")


def test_a_version_that_failed_is_loaded_again_when_it_was_let_go(model: Model) -> None:
    """`aspired_versions_manager.cc:FlushServables`; as long as it is wanted, it is not tried again."""
    model.add(2, lose_the_graph)
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "END"})
    model.remove(2)
    model.serve_versions(1)
    time.sleep(model.target.two_polls)
    model.add(2)
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})


def test_a_model_that_is_left_out_is_unloaded(model: Model) -> None:
    """`file_system_storage_path_source.cc:UnaspireServables`."""
    model.target.serve(standing_config(model.target))
    model.await_states({1: "END"})
    with refused("NOT_FOUND", f"Servable not found for request: Latest({model.name})"):
        model.answers()


def test_a_version_that_cannot_be_loaded_ends_with_its_error_while_the_other_answers(model: Model) -> None:
    """`session_bundle_util.cc:LoadSessionBundleOrSavedModelBundle`, `loader_harness.cc:Load`."""
    model.add(2, lose_the_graph)
    model.serve_versions(1, 2, stable=1)
    model.await_states({1: "AVAILABLE", 2: "END"})
    code, message = model.error(2)
    assert (code, "does not appear to contain a SavedModel bundle" in message) == ("NOT_FOUND", True)
    assert model.answers() == (1, "正面")


def test_a_version_is_available_when_its_warm_up_was_answered(model: Model) -> None:
    """`saved_model_warmup_util.cc:RunSavedModelWarmup`."""
    model.add(2, warm_up_with(("text", TEXT), ("text", {"text": ["好", "壞"]})))
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "AVAILABLE"})


def test_a_version_whose_warm_up_fails_is_not_served(model: Model) -> None:
    """`saved_model_warmup_util.cc:RunSavedModelWarmup` returns what `predict_util.cc:PreProcessPrediction` returned."""
    model.add(2, warm_up_with(("text", TEXT), ("text", {"wrong": ["好"]})))
    model.serve_versions(1, 2)
    model.await_states({1: "AVAILABLE", 2: "END"})
    assert model.error(2)[0] == "INVALID_ARGUMENT"
    assert model.answers() == (1, "正面")


def test_a_reload_that_is_accepted_answers_ok(model: Model) -> None:
    """`model_service_impl.cc:HandleReloadConfigRequest`."""
    assert model.serve_versions(1).status.error_code == 0


@pytest.fixture
def newcomer(target: Target, model: Model) -> Iterator[Model]:
    """A model that the server does not know yet, without a folder."""
    yield target.model(model.toys)
    target.serve(standing_config(target))


def test_a_new_model_answers_when_the_reload_that_brought_it_returns(newcomer: Model) -> None:
    """`server_core.cc:WaitUntilModelsAvailable`."""
    newcomer.add(2)
    newcomer.serve_versions(2)
    assert newcomer.answers() == (2, "負面")


def test_a_new_model_that_does_not_load_fails_the_reload_and_is_kept(newcomer: Model) -> None:
    """`server_core.cc:WaitUntilModelsAvailable` comes after everything was put in place."""
    newcomer.add(2, lose_the_graph)
    told = f"1 model(s) did not become available: {{{{{{name: {newcomer.name} version: 2}} due to error: "
    with refused("UNKNOWN", told):
        newcomer.serve_versions(2)
    assert newcomer.states() == {2: "END"}
    newcomer.add(3)
    newcomer.serve_versions(2, 3)
    newcomer.await_states({2: "END", 3: "AVAILABLE"})


def test_reloads_that_are_refused_change_nothing(model: Model) -> None:
    """`server_core.cc:ValidateModelConfigList`, `GetPlatform`, `ValidateNoModelsChangePlatforms`; they come first."""
    target, good = model.target, model.config(specific(1), stable=1)
    with refused("INVALID_ARGUMENT", f"Illegal to list model {model.name} multiple times in config list"):
        target.serve(good, good)
    with refused("INVALID_ARGUMENT", "Illegal setting neither ModelServerConfig::model_type (deprecated) nor"):
        target.serve(model.config(specific(1), ""))
    with refused("INVALID_ARGUMENT", "Illegal setting both ModelServerConfig::model_type (deprecated) and"):
        target.serve(good.replace("model_platform", "model_type: TENSORFLOW model_platform"))
    with refused("INVALID_ARGUMENT", f"Illegal to change a model's platform. For model {model.name} platform was"):
        target.serve(model.config(specific(1), "torch"))
    with refused("INVALID_ARGUMENT", f"Expected model {model.name} to have an absolute path or URI; got base_path()"):
        target.serve(good.replace(f"{target.seen_as}/{model.name}", "models/relative"))
    with refused("INVALID_ARGUMENT", "Only ModelConfigList is currently supported"):
        target.client.reload("")
    assert model.answers(label="stable") == (1, "正面")

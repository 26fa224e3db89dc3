"""Versions and labels while the server runs: what loads, what answers, what is refused, what is let go."""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.toy_servers import add_warmup

from sentiment.errors import InputError
from sentiment.model_server.access import Access
from sentiment.model_server.versions import LoadRules


def truncate_variables(version_folder: Path) -> None:
    for data in (version_folder / "variables").glob("variables.data*"):
        data.write_bytes(data.read_bytes()[:-20])


def remove_variables(version_folder: Path) -> None:
    for file in (version_folder / "variables").iterdir():
        file.unlink()


def remove_graph(version_folder: Path) -> None:
    (version_folder / "saved_model.pb").unlink()


def break_graph(version_folder: Path) -> None:
    (version_folder / "saved_model.pb").write_bytes(b"not a graph")


def test_a_label_moves_in_two_steps(site: Any, client: Any) -> None:
    site.add(2)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "AVAILABLE")
    assert client.ask("好", where="/labels/stable") == ["正面"]
    site.configure(1, 2, stable=2)
    client.wait_for(lambda: client.ask("好", where="/labels/stable") == ["負面"], "stable to be version 2")
    assert client.predict({"text": ["好"]}, "text", label="stable").model_spec.version.value == 2


def test_without_version_or_label_the_latest_version_answers(site: Any, client: Any) -> None:
    site.add(2)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "AVAILABLE")
    assert client.ask("好") == ["負面"]
    assert client.predict({"text": ["好"]}, "text").model_spec.version.value == 2
    assert client.ask("好", where="/versions/1") == ["正面"]


def test_adding_a_version_and_moving_a_label_to_it_at_once_is_refused(site: Any, client: Any) -> None:
    site.add(2)
    with pytest.raises(grpc.RpcError) as refused:
        client.reload(site.text(1, 2, stable=2))
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "Request to assign label to version 2 of model sentiment" in refused.value.details()
    assert client.states() == {1: "AVAILABLE"}
    assert client.ask("好", where="/labels/stable") == ["正面"]


def test_a_refused_configuration_moves_none_of_its_labels(site: Any, start: Any) -> None:
    client = start(site, allow_labels_for_unavailable=True, config_poll_seconds=0)
    with pytest.raises(grpc.RpcError):
        client.reload(site.text(1, canary=1, stable=77))
    assert client.http("/v1/models/sentiment/labels/canary:predict", {"instances": [1]})[0] == 400
    assert client.ask("好", where="/labels/stable") == ["正面"]


def test_the_reload_rpc_is_off_unless_asked_for(site: Any, start: Any) -> None:
    """As it was, whoever reached the port replaced the model."""
    client = start(site, access=Access())
    with pytest.raises(grpc.RpcError, match="HandleReloadConfigRequest is off") as refused:
        client.reload("model_config_list {}")
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert client.ask("好", where="/labels/stable") == ["正面"]


def test_a_reload_from_elsewhere_is_undone_by_the_next_poll(site: Any, client: Any, tmp_path: Path) -> None:
    """Also when it serves another folder under the same number and label."""
    foreign = tmp_path / "foreign"
    shutil.copytree(site.toys[2], foreign / "1")
    ours = "/v1/models/sentiment/labels/stable:predict", {"signature_name": "text", "instances": ["好"]}

    def is_ours() -> bool:
        status, answer = client.http(*ours)
        return bool(status == 200 and answer["predictions"][0]["label"] == "正面")

    client.reload("model_config_list {}")
    client.wait_for(is_ours, "our version to be back")
    with contextlib.suppress(grpc.RpcError):  # whether its load ends before the next poll
        client.reload("model_config_list {}")
        client.reload(site.text(1, stable=1).replace(str(site.base), str(foreign)))
    client.wait_for(is_ours, "our version to answer")
    time.sleep(0.3)
    assert is_ours()


def test_a_reload_that_is_accepted_answers_ok(site: Any, start: Any) -> None:
    client = start(site, config_poll_seconds=0)
    site.add(2)
    assert client.reload(site.text(1, 2, stable=1)).status.error_code == 0
    client.wait_until(2, "AVAILABLE")


@pytest.mark.parametrize(
    "text", ["model_config_list {", "no_such_field: 1", "\x00\x01", "", 'model_config_list { config { name: "x" } }']
)
def test_a_file_that_is_not_accepted_leaves_the_old_state_serving(
    site: Any, client: Any, caplog: Any, text: str
) -> None:
    site.write(text)
    client.wait_for(lambda: "is not applied" in caplog.text, "the refusal in the log")
    assert client.ask("好", where="/labels/stable") == ["正面"]
    site.configure(1, stable=1, again=1)
    client.wait_for(
        lambda: client.http("/v1/models/sentiment/labels/again/metadata")[0] == 200, "the mended file to be applied"
    )


def test_a_file_that_is_gone_leaves_the_old_state_serving(site: Any, client: Any, caplog: Any) -> None:
    site.config.unlink()
    client.wait_for(lambda: "is not applied" in caplog.text, "the refusal in the log")
    assert client.ask("好", where="/labels/stable") == ["正面"]


def test_a_base_path_that_is_missing_is_refused(site: Any, client: Any) -> None:
    with pytest.raises(grpc.RpcError, match="Could not find base path") as refused:
        client.reload(site.text(1).replace(str(site.base), "/no/such/folder"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert client.ask("好") == ["正面"]


@pytest.mark.parametrize("damage", [truncate_variables, remove_variables, remove_graph, break_graph])
def test_a_corrupt_version_ends_with_its_error_while_stable_answers(site: Any, client: Any, damage: Any) -> None:
    site.add(2, damage)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "END")
    _, answer = client.http("/v1/models/sentiment/versions/2")
    status = answer["model_version_status"][0]["status"]
    assert status["error_code"] != "OK"
    assert status["error_message"] and str(site.folder) not in status["error_message"]
    assert client.ask("好", where="/labels/stable") == ["正面"]
    assert client.ask("好") == ["正面"]


def test_a_failed_version_is_tried_again_only_after_it_was_dropped(site: Any, client: Any, caplog: Any) -> None:
    site.add(2, remove_graph)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "END")
    (site.base / "2" / "saved_model.pb").write_bytes((site.toys[2] / "saved_model.pb").read_bytes())
    site.configure(1, 2, stable=1, other=1)
    client.wait_for(lambda: client.http("/v1/models/sentiment/labels/other/metadata")[0] == 200, "the new label")
    assert (client.states()[2], caplog.text.count("did not load")) == ("END", 1)
    site.configure(1, stable=1)
    client.wait_for(lambda: client.http("/v1/models/sentiment/labels/other/metadata")[0] == 400, "version 2 dropped")
    site.configure(1, 2, stable=1)
    client.wait_until(2, "AVAILABLE")


def test_a_failed_load_is_retried_as_often_as_told(site: Any, start: Any, caplog: Any) -> None:
    client = start(site, load_rules=LoadRules(max_retries=2, retry_interval=0.05))
    site.add(2, remove_graph)
    site.configure(1, 2)
    client.wait_until(2, "END")
    assert caplog.text.count("sentiment version 2 did not load") == 3


def test_unloading_waits_for_the_requests_in_flight(site: Any, client: Any, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    site.add(2)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "AVAILABLE")
    answers = []
    request = {"path": [str(gate)]}
    asking = threading.Thread(target=lambda: answers.append(client.predict(request, "wait_for_file", version=2)))
    asking.start()
    try:
        client.wait_for(lambda: is_busy(client, 2), "the request to be in flight")
        site.configure(1, stable=1)
        client.wait_until(2, "UNLOADING")
        assert client.http("/v1/models/sentiment/versions/2:predict", {"instances": ["x"]})[0] == 404
        assert client.ask("好") == ["正面"]
        assert (client.states()[2], answers) == ("UNLOADING", [])
    finally:
        gate.touch()
    asking.join(20)
    assert answers[0].model_spec.version.value == 2
    client.wait_until(2, "END")


def is_busy(client: Any, version: int) -> bool:
    with client.server.core.using("sentiment", version) as (_, servable):
        return bool(servable.users > 1)


def test_the_old_version_serves_until_the_new_one_is_available(site: Any, client: Any) -> None:
    site.add(2, remove_graph)
    site.configure(2)
    client.wait_until(2, "END")
    assert client.ask("好") == ["正面"]
    site.add(3)
    site.configure(3)
    client.wait_until(3, "AVAILABLE")
    client.wait_until(1, "END")
    assert client.ask("好") == ["中立"]


def test_new_version_folders_are_picked_up_under_the_latest_policy(site: Any, start: Any) -> None:
    site.configure(policy="latest { num_versions: 2 }")
    client = start(site)
    site.add(2)
    client.wait_until(2, "AVAILABLE")
    site.add(3)
    client.wait_until(3, "AVAILABLE")
    client.wait_until(1, "END")
    assert client.states() == {3: "AVAILABLE", 2: "AVAILABLE", 1: "END"}


def test_new_version_folders_are_picked_up_under_the_all_policy(site: Any, start: Any) -> None:
    site.configure(policy="all {}")
    client = start(site)
    site.add(3)
    client.wait_until(3, "AVAILABLE")
    assert client.states() == {3: "AVAILABLE", 1: "AVAILABLE"}


def test_a_specific_version_loads_when_its_folder_appears(site: Any, client: Any) -> None:
    site.configure(1, 2, stable=1)
    site.add(2)
    client.wait_until(2, "AVAILABLE")
    assert client.ask("好") == ["負面"]


def test_an_empty_list_unloads_everything_and_the_ports_stay_open(site: Any, client: Any) -> None:
    site.write("model_config_list {}")
    client.wait_until(1, "END")
    assert client.http("/v1/models/sentiment:predict", {"instances": ["x"]})[0] == 404
    site.configure(1, stable=1)
    client.wait_until(1, "AVAILABLE")
    assert client.ask("好", where="/labels/stable") == ["正面"]


def test_a_server_starts_with_an_empty_list(site: Any, start: Any) -> None:
    site.write("model_config_list {}")
    client = start(site)
    assert client.http("/v1/models/sentiment") == (404, {"error": "Could not find any versions of model sentiment"})


def test_a_version_answers_its_warm_up_before_it_is_available(site: Any, client: Any) -> None:
    ids = [[1, 2]]
    inputs = {"input_ids": ids, "input_mask": ids, "segment_ids": ids}
    site.add(2, lambda folder: add_warmup(folder, ("text", {"text": ["好"]}), ("", inputs)))
    site.configure(1, 2, stable=1)
    client.wait_until(2, "AVAILABLE")
    assert client.ask("好") == ["負面"]


def test_a_warm_up_record_that_fails_fails_the_load(site: Any, client: Any) -> None:
    site.add(2, lambda folder: add_warmup(folder, ("text", {"text": ["好"]}), ("text", {"wrong": ["好"]})))
    site.configure(1, 2, stable=1)
    client.wait_until(2, "END")
    _, answer = client.http("/v1/models/sentiment/versions/2")
    status = answer["model_version_status"][0]["status"]
    assert status["error_code"] == "INVALID_ARGUMENT"
    assert "warm-up request 1 failed: Signature input alias: text" in status["error_message"]


def test_a_damaged_warm_up_file_fails_the_load(site: Any, client: Any) -> None:
    def damage(folder: Path) -> None:
        (folder / "assets.extra").mkdir()
        (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no record at all, but long enough")

    site.add(2, damage)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "END")
    _, answer = client.http("/v1/models/sentiment/versions/2")
    assert answer["model_version_status"][0]["status"]["error_code"] == "DATA_LOSS"


def test_a_restart_with_labels_needs_the_flag(site: Any, start: Any) -> None:
    with pytest.raises(InputError, match="Request to assign label to version 1"):
        start(site, allow_labels_for_unavailable=False)
    assert start(site).ask("好", where="/labels/stable") == ["正面"]


def test_the_first_version_that_loads_or_fails_decides_the_start(site: Any, start: Any) -> None:
    """servable_state_monitor.cc:HasAnyServableInStreamReachedState. A home starts with boot.config, so without this."""
    site.add(2, remove_graph)
    for versions in ((2,), (1, 2)):
        site.configure(*versions)
        told = "found 1 servable(s) did not become available: {{{name: sentiment version: 2} due to error: NOT_FOUND"
        with pytest.raises(InputError, match=re.escape(told)) as no:
            start(site)
        assert "\n" not in str(no.value)
    patient = LoadRules(max_retries=1, retry_interval=30.0)
    assert start(site, load_rules=patient).states() == {2: "LOADING", 1: "AVAILABLE"}


@pytest.mark.parametrize(("text", "found"), [("", "is empty"), ("no versions", "No versions of servable sentiment")])
def test_what_the_real_server_ends_with_or_waits_for_without_an_end_is_one_line(
    site: Any, start: Any, text: str, found: str
) -> None:
    """proto_util.h:ParseProtoTextFile; file_system_storage_path_source.cc:PollFileSystemForServable."""
    site.write(text and site.text(7))
    with pytest.raises(InputError, match=found):
        start(site)


def test_answers_for_stable_are_right_while_versions_come_and_go(site: Any, client: Any) -> None:
    wrong: list[Any] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            answer = client.http(
                "/v1/models/sentiment/labels/stable:predict", {"signature_name": "text", "inputs": ["好"]}
            )
            if answer[0] != 200 or answer[1]["outputs"]["label"] != ["正面"]:
                wrong.append(answer)

    site.add(2)
    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        for _ in range(3):
            site.configure(1, 2, stable=1)
            client.wait_until(2, "AVAILABLE")
            site.configure(1, 2, stable=1, canary=2)
            client.wait_for(
                lambda: client.http("/v1/models/sentiment/labels/canary/metadata")[0] == 200, "the canary label"
            )
            site.configure(1, stable=1)
            client.wait_until(2, "END")
    finally:
        stop.set()
        asking.join()
    assert wrong == []

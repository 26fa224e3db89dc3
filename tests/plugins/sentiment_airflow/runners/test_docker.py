"""What a container is made of; the engine itself is in tests/docker."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.api.container import ContainerApiMixin  # type: ignore[import-not-found]
from sentiment_airflow.runners.container import mounts
from sentiment_airflow.runners.docker import (
    DockerRunner,
    StepContainer,
    labels,
    leftovers,
    step_container,
    whole_lines,
)
from sentiment_airflow.runners.step import StepCommand

from sentiment.settings import RunnerSettings

IDENTITY = {"dag": "sentiment_retrain", "task": "train", "run": "manual__2026-11-22T02:00:00+08:00", "map-index": "-1"}


def step(verb: str = "train", **given: Any) -> StepCommand:
    home = Path("/srv/home")
    facts = {"environment": {}, "credentials": {}, "home": home, "result_file": home / "r.json", "identity": IDENTITY}
    return StepCommand(verb=verb, arguments=(verb, "--reason={{ 7*7 }} $HOME"), **{**facts, **given})


def settings(**given: Any) -> RunnerSettings:
    return RunnerSettings(runner="docker", **given)


def test_a_gpu_is_asked_for_where_it_helps() -> None:
    requests = step_container(step("train"), settings(gpus="all")).device_requests
    assert requests and [(request.count, request.capabilities) for request in requests] == [(-1, [["gpu"]])]
    two = step_container(step("evaluate"), settings(gpus="2")).device_requests
    assert two and two[0].count == 2
    assert step_container(step("ingest"), settings(gpus="all")).device_requests is None
    assert step_container(step("train"), settings()).device_requests is None


def test_limits_user_and_network() -> None:
    made = step_container(step(), settings(memory="8g", network="serving"))
    assert (made.mem_limit, made.shm_size, made.network_mode) == (8 << 30, 1 << 30, "serving")
    assert (made.user, made.working_dir) == (f"{os.getuid()}:{os.getgid()}", "/srv/home")
    assert step_container(step(), settings()).mem_limit is None


def test_two_outputs_never_meet_within_a_line() -> None:
    half = "一半".encode()
    frames = [(None, b"10%\r20%"), (b'{"rows": 3}\n' + half[:2], None), (half[2:], b"\n"), (b"\nend", b"last")]
    assert list(whole_lines(frames)) == [b'{"rows": 3}\n', b"10%\r20%\n", half + b"\n", b"end\n", b"last\n"]


class NoEngine(ContainerApiMixin):
    """The engine's client up to the request: what would be sent is kept."""

    _version = "1.41"

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def create_container(self, **given: Any) -> None:
        self.asked = given
        raise NotSentError


class NotSentError(Exception):
    pass


def asked_of_the_engine(container: StepContainer) -> dict[str, Any]:
    engine = NoEngine()
    container.__dict__["hook"] = SimpleNamespace(api_client=engine)
    with pytest.raises(NotSentError):
        container._run_image_with_mounts(container.mounts, add_tmp_variable=False)
    return engine.asked


def test_a_container_may_do_nothing_but_compute_and_write_into_the_home() -> None:
    asked = asked_of_the_engine(step_container(step(), settings(memory="8g")))["host_config"]
    assert (asked["CapDrop"], asked["SecurityOpt"]) == (["ALL"], ["no-new-privileges:true"])
    assert asked["ReadonlyRootfs"] is True and set(asked["Tmpfs"]) == {"/tmp"}
    assert {"nosuid", "nodev", "noexec", "size=1g"} <= set(asked["Tmpfs"]["/tmp"].split(","))
    assert (asked["PidsLimit"], asked["Memory"]) == (4096, 8 << 30)
    assert not asked.get("Privileged") and not asked.get("CapAdd")


def test_an_image_that_is_named_by_its_digest_is_that_image() -> None:
    named = f"registry/trainer@sha256:{'0a' * 32}"
    made = step_container(step(), settings(image=named, require_digest="on"))
    assert made.image == asked_of_the_engine(made)["image"] == named


def test_every_container_has_a_name_of_its_own() -> None:
    names = {step_container(step(), settings()).container_name for _ in range(20)}
    assert len(names) == 20 and all(name and name.startswith("sentiment-train-") for name in names)


@pytest.mark.parametrize(
    ("host_home", "source", "kind"),
    [("", "/srv/home", "bind"), ("/mnt/data", "/mnt/data", "bind"), ("stack_home", "stack_home", "volume")],
)
def test_the_home_is_where_airflow_sees_it(host_home: str, source: str, kind: str) -> None:
    home, models = mounts(step().home, settings(host_home=host_home, mounts=("/models",)))
    assert (home["Target"], home["Source"], home["Type"], home["ReadOnly"]) == ("/srv/home", source, kind, False)
    assert (models["Target"], models["Source"], models["ReadOnly"]) == ("/models", "/models", True)


def test_only_a_backup_writes_to_the_folder_for_backups() -> None:
    environment = {"SENTIMENT_BACKUP_FOLDER": "/backups"}
    backup, train = (step(verb, environment=environment) for verb in ("backup", "train"))
    [_, folder] = step_container(backup, settings()).mounts
    assert (folder["Target"], folder["Source"], folder["ReadOnly"]) == ("/backups", "/backups", False)
    elsewhere = settings(mounts=("/mnt/nas:/backups",))
    [_, folder] = step_container(backup, elsewhere).mounts
    assert (folder["Target"], folder["Source"], folder["ReadOnly"]) == ("/backups", "/mnt/nas", False)
    [_, folder] = step_container(train, elsewhere).mounts
    assert folder["ReadOnly"] is True
    assert len(step_container(train, settings()).mounts) == 1


@pytest.mark.parametrize("verb", ["score", "compare-scores"])
def test_a_scoring_writes_to_the_folder_of_the_scores_and_mounts_no_bucket(verb: str) -> None:
    [_, folder] = step_container(step(verb, environment={"SENTIMENT_SCORES": "/scores"}), settings()).mounts
    assert (folder["Target"], folder["Source"], folder["ReadOnly"]) == ("/scores", "/scores", False)
    for place in ("", "s3://posts/scores"):
        assert len(step_container(step(verb, environment={"SENTIMENT_SCORES": place}), settings()).mounts) == 1


def test_labels_tell_task_instances_and_homes_apart() -> None:
    one = labels(step(), settings())
    assert one == {f"sentiment.{name}": value for name, value in {"home": "/srv/home", **IDENTITY}.items()}
    assert one != labels(step(identity={**IDENTITY, "map-index": "0"}), settings())
    assert one != labels(step(), settings(host_home="/mnt/other"))


def test_nothing_secret_is_shown_and_nothing_is_expanded() -> None:
    secret = step(credentials={"AWS_SECRET_ACCESS_KEY": "s3cret"}, environment={"HF_TOKEN": "s3cret"})
    runner = DockerRunner(secret, settings())
    assert runner.shown() == "In a container of sentiment-trainer: sentiment train --reason={{ 7*7 }} $HOME"
    made = step_container(secret, settings())
    assert made.command == ["train", "--reason={{ 7*7 }} $HOME"]
    assert made.environment == {}, "it would be a template, and shown in the UI"


def test_another_runs_container_is_left_over_only_where_a_workflow_has_one_run_at_a_time() -> None:
    several, one = step(), step(one_run_at_a_time=True)
    assert leftovers(several, settings()) == labels(several, settings())
    assert labels(one, settings()).keys() - leftovers(one, settings()).keys() == {"sentiment.run"}
    assert {"sentiment.home", "sentiment.dag", "sentiment.task", "sentiment.map-index"} == leftovers(
        one, settings()
    ).keys()

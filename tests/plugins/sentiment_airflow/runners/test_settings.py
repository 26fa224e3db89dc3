from __future__ import annotations

import pytest
from sentiment_airflow.runners.settings import GPU_VERBS, gpus_for, size_in_bytes

from sentiment.cli import VERBS
from sentiment.errors import InputError
from sentiment.settings import NOT_FOR_STEPS, RunnerSettings, read_runner_settings
from sentiment.settings.declaration import variables


def test_without_settings_a_step_is_a_process() -> None:
    assert read_runner_settings({"SENTIMENT_RUNNER": "", "PATH": "/bin"}) == RunnerSettings(runner="local")


def test_every_variable_is_read_and_none_is_passed_on_to_a_step() -> None:
    assert len(variables(RunnerSettings)) == len(RunnerSettings.__dataclass_fields__) == 13
    assert variables(RunnerSettings) <= NOT_FOR_STEPS
    found = read_runner_settings({"SENTIMENT_RUNNER": "docker", "SENTIMENT_RUNNER_MEMORY": "8g"})
    assert (found.runner, found.memory) == ("docker", "8g")


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("RUNNER", "podman", "must be one of local, docker, kubernetes; found 'podman'"),
        ("RUNNER_GPUS", "two", "must be a number or `all`; found 'two'"),
        ("RUNNER_MEMORY", "8 bytes", "must be a size such as 512m or 8g; found '8 bytes'"),
        ("RUNNER_MEMORY", "0", "must be a size such as 512m or 8g"),
        ("RUNNER_SHM", "-1g", "must be a size such as 512m or 8g"),
        ("RUNNER_IMAGE", "--privileged", "must be an image's name, such as"),
        ("RUNNER_IMAGE", "trainer latest", "must be an image's name, such as"),
        ("RUNNER_IMAGE", "trainer@sha256:12", "must be an image's name, such as"),
        ("RUNNER_REQUIRE_DIGEST", "yes", "must be one of on, off; found 'yes'"),
        ("RUNNER_MOUNTS", "models", "must be absolute paths, comma-separated; found 'models'"),
        ("RUNNER_MOUNTS", "/a:/b:rw", "must be absolute paths, comma-separated"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(variable: str, value: str, line: str) -> None:
    with pytest.raises(InputError) as raised:
        read_runner_settings({f"SENTIMENT_{variable}": value})
    assert str(raised.value).startswith(f"SENTIMENT_{variable} {line}")


def test_kubernetes_needs_a_claim_and_a_number_of_gpus() -> None:
    with pytest.raises(InputError, match=r"SENTIMENT_RUNNER_CLAIM must name the volume claim.*; found nothing"):
        read_runner_settings({"SENTIMENT_RUNNER": "kubernetes"})
    with pytest.raises(InputError, match="SENTIMENT_RUNNER_GPUS must be a number on Kubernetes"):
        RunnerSettings(runner="kubernetes", claim="home", gpus="all")


PINNED = f"registry:5000/team/trainer@sha256:{'0a' * 32}"


def test_an_image_can_be_asked_for_by_its_digest() -> None:
    required = {"SENTIMENT_RUNNER_REQUIRE_DIGEST": "on"}
    assert read_runner_settings({"SENTIMENT_RUNNER_IMAGE": PINNED}).image == PINNED
    assert read_runner_settings({**required, "SENTIMENT_RUNNER_IMAGE": PINNED}).image == PINNED
    for name in ("", "trainer:2"):
        with pytest.raises(
            InputError,
            match=r"^SENTIMENT_RUNNER_IMAGE must name the image by its digest.*; found '(sentiment-)?trainer",
        ):
            read_runner_settings({**required, "SENTIMENT_RUNNER_IMAGE": name})


@pytest.mark.parametrize(("gpus", "count"), [("", 0), ("0", 0), ("2", 2), ("all", -1)])
def test_gpus_are_for_the_verbs_that_gain_from_them(gpus: str, count: int) -> None:
    settings = RunnerSettings(gpus=gpus)
    found = {verb: gpus_for(settings, (verb, "--run=night")) for verb in ("train", "score", "ingest")}
    assert found == {"train": count, "score": count, "ingest": 0}
    assert gpus_for(settings, ("score", "--only-point", "--version=stable")) == 0, "it replaces a small file"
    assert set(VERBS) >= GPU_VERBS


@pytest.mark.parametrize(("text", "size"), [("", None), ("1", 1), ("512m", 2**29), ("8G", 2**33), ("1Gi", 2**30)])
def test_a_size_is_in_powers_of_1024(text: str, size: int | None) -> None:
    assert size_in_bytes(RunnerSettings(memory=text).memory) == size


def test_a_folder_is_seen_at_the_same_path_or_at_another() -> None:
    found = read_runner_settings({"SENTIMENT_RUNNER_MOUNTS": "/models, /srv/cache:/cache,"}).folders
    assert found == {
        "/models": "/models",
        "/cache": "/srv/cache",
    }

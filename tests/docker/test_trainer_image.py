"""The trainer's image on a real engine, used as the older tool's users do: by `make`, with a folder mounted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLE = CHECKOUT / "datasets" / "old_sentiment"
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]


def make(*arguments: str, folder: Path = CHECKOUT, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the checkout's Makefile in `folder`, which is what a container then sees."""
    command = ["make", "--file", str(CHECKOUT / "Makefile"), *arguments]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=1700, check=False)


@pytest.fixture(scope="session")
def image(images: Any) -> str:
    return str(images.trainer)


@pytest.fixture(scope="session")
def trained(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a person's own: 90 rows of the sample, trained on in the container."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "data").mkdir()
    for name in ("train.tsv", "test.tsv"):
        lines = (SAMPLE / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / "data" / name).write_text("".join([lines[0], *lines[1::5]]), encoding="utf-8")
    names = ["DATA_DIR=data", "OUTPUT_DIR=model", "DEPLOY_DIR=deploy", "MODEL_NAME=scratch/tiny"]
    done = make("run_fine_tuning_sentiment", "IN_DOCKER=1", f"IMAGE={image}", *names, folder=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_it_trains_and_exports_into_the_mounted_folder_as_the_person_who_started_it(trained: Path) -> None:
    made = [trained / "model" / "weights.h5", trained / "model" / "summary.txt", trained / "deploy" / "saved_model.pb"]
    assert [path.stat().st_uid for path in made] == [os.getuid()] * 3


def test_it_tests_the_model(trained: Path, image: str) -> None:
    names = ["DATA_DIR=data", "OUTPUT_DIR=model"]
    done = make("run_test_sentiment", "IN_DOCKER=1", f"IMAGE={image}", *names, folder=trained)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "precision" in (trained / "model" / "test_report.txt").read_text(encoding="utf-8")


def test_the_console_answers_from_a_pipe(trained: Path, image: str) -> None:
    arguments = ["run_inference_sentiment", "IN_DOCKER=1", f"IMAGE={image}", "OUTPUT_DIR=model"]
    done = make(*arguments, folder=trained, stdin="這家店超棒的\nquit\n")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "predict result : " in done.stdout


def test_the_image_runs_a_verb_and_not_as_root(image: str) -> None:
    said = subprocess.run(["docker", "run", "--rm", image, "--version"], capture_output=True, text=True, check=True)
    who = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "id", image, "-u"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("sentiment") and who.stdout.strip() == "1000"


def test_an_image_that_was_not_built_and_an_unknown_device_are_one_clear_line(image: str) -> None:
    missing = make("run_test_sentiment", "IN_DOCKER=1", "IMAGE=sentiment-never-built")
    assert missing.returncode == 2 and "found no sentiment-never-built" in missing.stderr
    unknown = make("build_images", f"IMAGE={image}-x", "DEVICE=tpu")
    assert unknown.returncode == 2 and "DEVICE must be cpu or gpu; found tpu" in unknown.stdout + unknown.stderr


def test_the_image_knows_the_servers_flags_when_its_folder_has_none(image: str) -> None:
    script = (
        "from sentiment.serving.flags import flags_file, read_flags; from sentiment.settings import read_settings; "
        "print(read_flags(flags_file(read_settings())))"
    )
    command = ["docker", "run", "--rm", "--entrypoint", "python", image, "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "--enable_batching=true" in said and "site-packages/serving/batching.config" in said

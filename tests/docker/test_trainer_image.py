"""The trainer's image on a real engine, used as the older tool's users do: by `make`, with a folder mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.tensorrt_wheel import NAME, loadable, make_wheel

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
    assert "--enable_model_warmup=true" in said and "site-packages/serving/monitoring.config" in said


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A copy of what an image is built from, to put a wheel into."""
    folder = tmp_path / "context"
    ignored = shutil.ignore_patterns("__pycache__", "models", "trained", "*.whl", "*.jsonl")
    for name in ("requirements", "sentiment", "serving", "docker"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".dockerignore"):
        shutil.copy(CHECKOUT / name, folder)
    return folder


def build(context: Path, image: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Builds the trainer's image for the CPU, which takes the same steps with the wheel as the GPU's."""
    command = ["docker", "build", "--file", "docker/trainer.Dockerfile", "--tag", image, *arguments, "."]
    return subprocess.run(command, cwd=context, capture_output=True, text=True, timeout=1700, check=False)


def test_with_a_wheel_of_tensorrt_tensorflow_opens_it_in_the_image(image: str, context: Path, tmp_path: Path) -> None:
    """The wheel is a stand-in: what is in the real one was not seen, only how its libraries are named."""
    make_wheel(context / "docker" / "tensorrt" / NAME, loadable(tmp_path))
    done = build(context, f"{image}-tensorrt", "--build-arg", "TENSORRT=yes")
    assert done.returncode == 0, done.stderr[-2000:]
    script = (
        "from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as trt; print(trt.get_loaded_tensorrt_version())"
    )
    command = ["docker", "run", "--rm", "--entrypoint", "python", f"{image}-tensorrt", "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "(8, 6, 1)"


def test_a_missing_wheel_and_an_unknown_answer_end_the_build_with_one_line(image: str, context: Path) -> None:
    missing = build(context, f"{image}-never", "--build-arg", "TENSORRT=yes")
    assert missing.returncode and "found no wheel. Put tensorrt_libs-8.6.1" in missing.stdout + missing.stderr
    unknown = build(context, f"{image}-never", "--build-arg", "TENSORRT=8.6")
    assert unknown.returncode and "TENSORRT must be yes or no; found 8.6" in unknown.stdout + unknown.stderr

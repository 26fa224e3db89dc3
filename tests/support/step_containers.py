"""Steps in containers on a real engine: an image that is made in seconds, a home, and what starts a step there.

The image is the trainer's without its libraries: `ingest` and `prepare` need none of them.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from support.airflow_home import CHECKOUT  # sets Airflow's home and where its plugins are

# isort: split
import click
import msgspec
import pytest
import tqdm
from sentiment_airflow.steps import StepOperator

from support.waiting import RESULT, wait_until

IMAGE = "sentiment-steps-under-test"
DOCKERFILE = """
FROM python:3.11-slim-bookworm
COPY . /opt/steps
ENV PYTHONPATH=/opt/steps PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["python3", "-m", "sentiment"]
"""
SCRIPTED = RESULT + 'exec(next(text[9:] for text in sys.argv if text.startswith("--source=")))\n'
SAMPLE = CHECKOUT / "datasets" / "old_sentiment"
RUN = "manual__2026-11-22T02:00:00+08:00"


ENGINE = dict(os.environ)  # tests ask the engine itself, whatever they tell Airflow's side


def docker(*arguments: str) -> str:
    command = ["docker", *arguments]
    return subprocess.run(command, env=ENGINE, capture_output=True, text=True, check=True, timeout=250).stdout


def build(name: str, dockerfile: str, context: Path) -> None:
    (context / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    docker("build", "--tag", name, str(context))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers")
    context = tmp_path_factory.mktemp("image")
    light = (Path(package.__file__ or "").parent for package in (click, msgspec, tqdm))
    for package in (CHECKOUT / "sentiment", *light):
        shutil.copytree(package, context / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    build(IMAGE, DOCKERFILE, context)
    scripted = tmp_path_factory.mktemp("scripted")
    (scripted / "scripted.py").write_text(SCRIPTED, encoding="utf-8")
    entry = 'ENTRYPOINT ["python3", "/opt/scripted.py"]'
    build(f"{IMAGE}-scripted", f"FROM {IMAGE}\nCOPY scripted.py /opt/\n{entry}\n", scripted)


@pytest.fixture
def home(images: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the sample; after the test no container of it is left."""
    home = tmp_path / "home"
    shutil.copytree(SAMPLE, home / "datasets" / "old_sentiment")
    (home / "datasets" / "inbox").mkdir()
    for name, value in {"HOME": home, "RUNNER": "docker", "RUNNER_IMAGE": IMAGE, "SETTLE_SECONDS": 0}.items():
        monkeypatch.setenv(f"SENTIMENT_{name}", str(value))
    yield home
    gc.collect()  # here, where what it says is not an error
    left = containers(home)
    for container in left:
        docker("rm", "--force", container)
    assert left == []


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Runs Python source as a step."""
    monkeypatch.setenv("SENTIMENT_RUNNER_IMAGE", f"{IMAGE}-scripted")
    return lambda source, **options: run("train", options={"source": source}, **options)


def containers(home: Path) -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", f"label=sentiment.home={home}").split()


def step(verb: str, **options: Any) -> StepOperator:
    return StepOperator(task_id=verb, verb=verb, run=RUN, **options)


def run(verb: str, **options: Any) -> dict[str, Any]:
    return execute(step(verb, **options))


def execute(operator: StepOperator) -> dict[str, Any]:
    context: Any = {"params": {}, "ti": SimpleNamespace(map_index=-1)}
    result: dict[str, Any] = operator.execute(context)
    return result


UP = "(pathlib.Path(os.environ['SENTIMENT_HOME']) / 'up').touch(); time.sleep(120)"


def kill_the_worker_of(operator: StepOperator, home: Path) -> list[str]:
    """Kills a worker's process with a signal that nobody can catch; returns its container, which goes on."""
    worker = os.fork()
    if worker == 0:
        try:
            execute(operator)
        finally:
            os._exit(1)
    assert wait_until((home / "up").exists, 30)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    left = containers(home)
    assert len(left) == 1
    return left

"""Airflow's image on a real engine: it reads the workflows, is nobody's root, and says how it is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="session")
def image(images: Any) -> str:
    return str(images.airflow)


def test_it_is_not_root_holds_no_compiler_and_has_a_health_check(image: str) -> None:
    script = "id -u; command -v gcc || echo none"
    assert docker("run", "--rm", "--entrypoint", "sh", image, "-c", script).split() == ["1000", "none"]
    [found] = json.loads(docker("image", "inspect", image))
    assert found["Config"]["Healthcheck"]["Test"][-2:] == ["/opt/airflow/health.py", "api-server"]


def test_it_reads_every_workflow(image: str) -> None:
    script = (
        "from airflow.dag_processing.dagbag import DagBag; bag = DagBag('/opt/airflow/dags'); "
        "print(); print(bag.import_errors, *sorted(bag.dags))"
    )
    said = docker("run", "--rm", "--entrypoint", "python", image, "-c", script).splitlines()[-1]
    assert said.startswith("{} ") and {"sentiment_retrain", "sentiment_promote"} <= set(said.split())


def test_it_can_start_steps_in_containers_and_in_pods(image: str) -> None:
    script = (
        "import sys; sys.path[:0] = ['/opt/airflow/plugins'];"
        "from sentiment_airflow.runners import docker, kubernetes; print('both')"
    )
    assert docker("run", "--rm", "--entrypoint", "python", image, "-c", script).split()[-1] == "both"

"""The images, built once by `make build_images`, under names of the tests' own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


class Images(NamedTuple):
    trainer: str
    airflow: str


@pytest.fixture(scope="session")
def engine() -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers")


@pytest.fixture(scope="session")
def images(engine: None) -> Images:
    built = Images("sentiment-trainer-under-test", "sentiment-airflow-under-test")
    names = [f"IMAGE={built.trainer}", f"AIRFLOW_IMAGE={built.airflow}"]
    done = subprocess.run(["make", "build_images", *names], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return built

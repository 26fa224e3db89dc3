from __future__ import annotations

from support import airflow_home  # sets Airflow's home before anything of Airflow is imported  # noqa: F401

# isort: split
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment.processes import is_running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SENTIMENT_HOME."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[[str], None]:
    """Makes a `sentiment` command of the given Python source, in which `result(value)` writes the result file."""

    def make(source: str) -> None:
        path = tmp_path / "sentiment"
        path.write_text(f"#!{sys.executable}\n{PREAMBLE}\n{source}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("SENTIMENT_COMMAND", str(path))

    return make


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Tells whether a process runs; one that ended and was not waited for does not."""
    return is_running


PREAMBLE = """
import json, os, pathlib, signal, subprocess, sys, time
def result(value):
    path = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    print(json.dumps(value))
"""

"""No Python that this system starts takes its modules from the folder that the user stands in."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

ROOT = Path(__file__).parents[1]
OURS = "import pathlib; pathlib.Path(__file__).with_name('ran').touch(); raise ImportError"


def unsafe_starts(source: str) -> Iterator[int]:
    """Yields the lines of lists and tuples with a `-m` that has no `-P` before it: Python's options come in one row."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.List | ast.Tuple):
            words = [each.value if isinstance(each, ast.Constant) else None for each in node.elts]
            if "-m" in words and "-P" not in words[: words.index("-m")]:
                yield node.lineno


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("[sys.executable, '-m', module]", 1),
        ("(python, '-u', '-m', 'sentiment')", 1),
        ("[python, '-m', module, '-P']", 1),
        ("[python, '-P', '-m', module]", 0),
    ],
)
def test_a_start_without_p_is_found(command: str, found: int) -> None:
    assert len(list(unsafe_starts(command))) == found


def test_every_module_is_started_without_the_users_folder() -> None:
    code = [path for folder in ("sentiment", "plugins", "dags", "docker") for path in (ROOT / folder).rglob("*.py")]
    assert len(code) > 300
    unsafe = {path: list(unsafe_starts(path.read_text(encoding="utf-8"))) for path in code}
    assert not {path: lines for path, lines in unsafe.items() if lines}
    assert '"python", "-m"' not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_a_delivered_module_is_not_run_where_the_operator_stands_in_the_delivery_folder(tmp_path: Path) -> None:
    inbox = tmp_path / "datasets" / "inbox"
    inbox.mkdir(parents=True)
    for name in ("json.py", "pyarrow.py"):
        (inbox / name).write_text(OURS)
    posts = pyarrow.table({"text": ["這間店真的很好吃"], "label": ["0"]})
    pyarrow.parquet.write_table(posts, inbox / "night.parquet")
    environment = {**os.environ, "SENTIMENT_HOME": str(tmp_path), "SENTIMENT_SETTLE_SECONDS": "0"}
    environment["PYTHONPATH"] = str(ROOT)
    # As the command does it: its script's folder is first among the modules, and not the user's.
    command = [sys.executable, "-P", "-c", "from sentiment.cli import main; main()", "ingest"]
    ended = subprocess.run(command, cwd=inbox, env=environment, capture_output=True, text=True)
    assert not (inbox / "ran").exists()
    assert ended.returncode == 0 and "1 accepted" in ended.stderr


def test_whatever_a_library_starts_is_as_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    started = "import os, subprocess, sys; from sentiment.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    started += "print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.flags.safe_path)'], check=True))"
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    command = [sys.executable, "-c", started, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "\nTrue\n" in said

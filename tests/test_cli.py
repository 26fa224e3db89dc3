"""The command contract: exit codes, one line per mistake, and no TensorFlow where it is not needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sentiment.cli import VERBS, run

LIGHT = [
    "ingest",
    "prepare",
    "mix",
    "lineage",
    "forget",
    "report",
    "check",
    "must-hold",
    "refresh-tests",
    "gate",
    "publish",
    "canary",
    "promote",
    "withdraw",
    "rollback",
    "status",
    "backup",
    "restore",
    "verify",
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "http://127.0.0.1:9")
    return tmp_path


def test_status_prints_one_json_line_and_writes_the_same_to_its_result_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--result", str(home / "status.json")]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed == json.loads((home / "status.json").read_text())
    assert printed["stable"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["promote"], "there must be a canary"),
        (["promote", "--version", "3"], "must have been published"),
        (["withdraw"], "there must be a canary"),
        (["rollback"], "earlier stable version"),
        (["rollback", "--to", "7"], "earlier stable version"),
        (["canary", "--run", "nothing"], "step 'gate' of run nothing must have finished"),
        (["canary", "--version", "1"], "must have been published"),
        (["publish"], "give --run, or --export with --model"),
        (["publish", "--export", "/nowhere", "--model", "/nowhere"], "must be complete"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(arguments) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert message in errors[0]


def test_a_refused_step_leaves_its_cause_in_the_result_file(home: Path) -> None:
    assert run(["promote", "--result", str(home / "promote.json")]) == 2
    assert "there must be a canary" in json.loads((home / "promote.json").read_text())["error"]


def test_an_unknown_verb_or_option_is_exit_code_2(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["promot"]) == 2
    assert run(["status", "--nope"]) == 2
    assert "No such command 'promot'" in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 1, 130])
def test_a_verb_may_end_with_a_code_of_its_own(code: int) -> None:
    @click.command()
    def verb() -> None:
        raise click.exceptions.Exit(code)

    assert run([], verb) == code


@pytest.mark.parametrize("module", ["sentiment", "sentiment.cli"])
def test_python_m_is_the_command_under_its_own_name(module: str) -> None:
    ran = subprocess.run([sys.executable, "-m", module, "promot"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and ran.stderr.startswith("Usage: sentiment ")


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(verb in listed for verb in VERBS)


@pytest.mark.parametrize("verb", [*LIGHT, "serve", "train", "export"])
def test_asking_for_help_never_imports_tensorflow(verb: str) -> None:
    script = (
        "import sys; from sentiment.cli import run; code = run([sys.argv[1], '--help']);"
        "sys.exit(code or ('tensorflow' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script, verb], capture_output=True, check=False).returncode == 0


def test_status_never_imports_tensorflow(home: Path) -> None:
    script = (
        "import sys; from sentiment.cli import run; code = run(['status']);"
        "sys.exit(code or ('tensorflow' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0

"""The command contract: exit codes, one line per mistake, and no TensorFlow where it is not needed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.terminals import screen_of

from sentiment import disk
from sentiment.cli import VERBS, run
from sentiment.errors import SentimentError

LIGHT = [
    "ingest",
    "prepare",
    "mix",
    "lineage",
    "retract",
    "model-card",
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


@pytest.mark.parametrize(("asked", "lines_of_json"), [([], 0), (["--json"], 1)])
def test_on_a_terminal_the_result_is_json_only_where_that_is_asked_for(
    home: Path, asked: list[str], lines_of_json: int
) -> None:
    code, screen = screen_of(["status", "--result", str(home / "status.json"), *asked])
    assert code == 0
    assert screen.startswith("no version has been published yet\n")
    assert [line.startswith("{") for line in screen.splitlines()].count(True) == lines_of_json
    assert json.loads((home / "status.json").read_text())["stable"] is None


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


@pytest.mark.parametrize("verb", ["status", "rollback"])
@pytest.mark.parametrize("file", ["history.lock", "models/models.config", "models/boot.config"])
def test_a_folder_in_the_place_of_a_file_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], file: str, verb: str
) -> None:
    folder = home / "serving" / file
    folder.mkdir(parents=True)
    assert run([verb]) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith(f"sentiment: {folder} must be a file; found a folder. Docker makes an empty folder where")


def test_a_file_in_the_place_of_a_folder_is_one_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    assert run(["status", "--result", str(tmp_path / "file" / "below" / "status.json")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"sentiment: {tmp_path / 'file'} must be a folder; found a file. Name another place."


def test_what_the_user_may_not_write_to_is_one_line() -> None:
    refused = disk.refusal(PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/somewhere/x.tsv"))
    assert refused and refused.exit_code == 2
    assert str(refused).startswith(
        "the user who gives a command must be allowed to use /somewhere/x.tsv; found no right."
    )
    assert disk.refusal(PermissionError(errno.EACCES, "a port, which has no name")) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["pretrain", "--corpus", "x", "--output", "y", "--parts", "9" * 400], "found one of more than 300 digits"),
        (["prepare", "--run", "r", "--minimum-content-length", "9" * 400], "found one of more than 300 digits"),
        (["mix", "--old", "a" * 300, "--new", "x", "--output", "y"], "must be one that the system can have"),
        (["pretrain", "--corpus", "x", "--output", "y", "--model-name", "~nobody-of-that-name/x"], "such"),
    ],
    ids=["a number", "a number for SQLite", "a name", "a user"],
)
def test_what_no_machine_can_hold_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(arguments) == 2
    line = capsys.readouterr().err
    assert line.startswith("sentiment: ") and told in line and line.count("\n") == 1 and len(line) < 1000


def test_bytes_that_are_no_text_are_one_line_wherever_they_are_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    @click.command()
    @click.argument("reason")
    def keep(reason: str) -> None:
        (tmp_path / "kept").write_text(reason, encoding="utf-8")

    assert run(["x\udcffy"], keep) == 2
    assert capsys.readouterr().err.startswith("sentiment: what is given must be text in UTF-8; found other bytes")


def test_what_a_verb_finds_wrong_with_what_it_made_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As it was, an export that answers otherwise than its model ended in a traceback."""

    @click.command()
    def found() -> None:
        raise SentimentError("the export must give the trained model's labels; found others")

    assert run([], found) == 1
    assert capsys.readouterr().err == "sentiment: the export must give the trained model's labels; found others\n"


def test_a_refused_step_leaves_its_cause_in_the_result_file(home: Path) -> None:
    assert run(["promote", "--result", str(home / "promote.json")]) == 2
    assert "there must be a canary" in json.loads((home / "promote.json").read_text())["error"]


def test_an_unknown_verb_or_option_is_exit_code_2(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["promot"]) == 2
    assert "No such command 'promot'. Did you mean 'promote'?" in capsys.readouterr().err
    assert run(["rollback", "--reasn=x"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean" in said and "'--reason'" in said
    assert run(["0815"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("No such command '0815'.")


@pytest.mark.parametrize(
    ("arguments", "first_words"),
    [
        (["predict", "--model", "nowhere"], "No such folder: nowhere. A model folder must hold"),
        (["predict", "--model", "nowhere", "--data", "no.tsv"], "No such file: no.tsv. Name a file of posts."),
        (["mix", "--old", "no.tsv", "--new", "no.tsv", "--output", "x"], "No such file: no.tsv. Name a file of posts."),
        (["ingest", "--source", "nowhere"], "No such folder: nowhere. The source must be an existing folder."),
        (["validate", "--export", "nowhere", "--model", "x"], "No such folder: nowhere. An export must be a folder."),
        (["gate", "--evaluation", "no.json"], "No such file: no.json."),
        (["report", "nowhere"], "No such folder: "),
    ],
)
def test_a_named_file_that_is_not_there_is_named_first(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], first_words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(home)
    assert run(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"sentiment: {first_words}")


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


@pytest.mark.parametrize("verb", [*LIGHT, "serve", "train", "export", "check-gpu"])
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["compare-scores", "1", "2", "--scores", "~nobody-here/x"],
            "must hold scores of version 1; found none",
        ),
        (["status", "--result=a\0b"], "an argument must have no NUL character; found '--result=a\\x00b'."),
        (["check", "--run", "\udce9x"], "step 'prepare' of run x-1412e2d9 must have finished"),
        (["mix", "--new", "x", "--output", "x", "--old", "y" * 300], "must be one that the system can have"),
        (["status", "--result", "y" * 300], "must be one that the system can have"),
        (["serve", "--host", "\udce9x"], "the server's ports must be free on its host"),
    ],
)
def test_a_name_that_can_be_no_file_s_is_one_line(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    assert run(arguments) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "must" in line or "Traceback" in line] == [told[-1]]
    assert said in told[-1]

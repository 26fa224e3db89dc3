"""A stranger's encoder that ends the process, or fails, ends its verb in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.exceptions import Exit
from msgspec import UNSET, structs
from support.hostile_encoders import trainable

from sentiment import processes, step
from sentiment.cli import run
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.model import encoder_process, encoder_rights, folder
from sentiment.model.model_type import TF_HUB

POSTS = [Post(text, label) for label in range(3) for text in ("一丁", "丁七", "七一", "上下")]


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    write_posts(tmp_path / "train.tsv", POSTS)
    made = ["--train", str(tmp_path / "train.tsv"), "--output", str(tmp_path / "model"), "--model-type", "tf-hub"]
    return ["train", *made, "--max-seq-length", "8", "--num-epochs", "1", "--validation-share", "0"]


def aborting(folder: Path) -> Path:
    """Saves an encoder with a constant of 2**66 elements, in a branch that is never taken: TensorFlow ends over it.

    No shape of its functions says so: it follows only where the call in the branch is replaced by the function's nodes.
    """
    from sentiment.tensorflow_setup import tf

    @tf.function(input_signature=[tf.TensorSpec((2,), tf.int64)], autograph=False)
    def filled(dims: Any) -> Any:
        return tf.reduce_sum(tf.raw_ops.Fill(dims=dims, value=1.0))

    def pooled(words: Any) -> Any:
        huge = lambda: filled(tf.constant([2**33, 2**33], tf.int64))  # noqa: E731
        return words + tf.cond(tf.reduce_any(words > 1e6), huge, lambda: 0.0)

    return trainable(folder, pooled)


def failing(folder: Path) -> Path:
    """Saves an encoder that says what it likes when it fails: for more than one row, as the first look has."""
    from sentiment.tensorflow_setup import tf

    def pooled(words: Any) -> Any:
        alone = tf.cast(tf.shape(words)[0] == 1, tf.float32)
        return tf.raw_ops.CheckNumerics(tensor=words / alone, message="\x1b[31mevil\nline" * 20)

    return trainable(folder, pooled)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (aborting, "one at which TensorFlow crashed (SIGABRT)"),
        (failing, r"InvalidArgumentError: \x1b[31mevil line\x1b[31mevil line"),
    ],
)
def test_an_encoder_that_crashes_or_fails_is_one_line(
    make: Callable[[Path], Path],
    found: str,
    options: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    encoder = make(tmp_path / "encoder")
    capfd.readouterr()
    assert run([*options, "--model-name", str(encoder), "--result", str(tmp_path / "result.json")]) == 2
    said = capfd.readouterr()
    lines = [line for line in said.err.splitlines() if line.startswith("sentiment: ")]
    assert len(lines) == 1 and f"the encoder {encoder} must compute whatever it is given; found {found}" in lines[0]
    assert "Traceback" not in said.err and "\x1b" not in said.err and len(lines[0]) < 700 and said.out == ""
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == {
        "error": lines[0][len("sentiment: ") :]
    }
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_an_honest_encoder_is_trained_and_exported_and_one_that_crashes_then_is_one_line(
    options: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    encoder = trainable(tmp_path / "encoder", lambda words: words)
    assert run([*options, "--model-name", str(encoder), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["model"] == str(tmp_path / "model")
    exporting = ["export", "--model", str(tmp_path / "model"), "--output", str(tmp_path / "export")]
    assert run([*exporting, "--result", str(tmp_path / "result.json")]) == 0
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["export"] == str(tmp_path / "export")
    (tmp_path / "model" / folder.ENCODER).rename(tmp_path / "honest")
    aborting(tmp_path / "model" / folder.ENCODER)
    folder.write_card(tmp_path / "model", structs.replace(folder.read_card(tmp_path / "model"), encoder=UNSET))
    capfd.readouterr()
    assert run([*exporting, "--result", str(tmp_path / "result.json")]) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("sentiment: ")]
    assert len(lines) == 1 and "found one at which TensorFlow crashed (SIGABRT)" in lines[0]


def started(monkeypatch: pytest.MonkeyPatch, code: str) -> list[list[str]]:
    """Lets a child run Python code in a verb's place; returns what it would have been started with."""
    commands: list[list[str]] = []

    def start(command: list[str], **pipes: Any) -> subprocess.Popen[bytes]:
        commands.append(command)
        assert pipes["env"][encoder_process.PARENT] == str(os.getpid())
        return subprocess.Popen([sys.executable, "-c", code])

    monkeypatch.setattr(processes, "start", start)
    return commands


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(2)", 2),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL),
    ],
)
def test_a_verb_ends_as_its_child_did(code: str, ended: int, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = started(monkeypatch, code)
    token = step.arguments_given.set(("train", "--model-type", "tf-hub"))
    with pytest.raises(Exit) as raised, encoder_process.computing("an encoder"):
        raise AssertionError("the parent computes nothing")
    step.arguments_given.reset(token)
    assert raised.value.exit_code == ended
    assert commands == [processes.python_module("sentiment", "train", "--model-type", "tf-hub")]


def test_a_crash_is_told_and_what_needs_no_child_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = started(monkeypatch, "import os; os.abort()")
    done = []
    with encoder_process.computing("an encoder"):  # called by a program
        done.append("as a function")
    token = step.arguments_given.set(("train",))
    with encoder_process.computing(""):
        done.append("an encoder of ours")
    with monkeypatch.context() as child:
        child.setenv(encoder_process.PARENT, str(os.getppid()))
        child.setattr(encoder_rights, "confine", lambda _: done.append("confined"))
        with encoder_process.computing("an encoder"):
            done.append("in the child")
    assert commands == [] and done[2:] == ["confined", "in the child"]
    with pytest.raises(InputError, match=r"crashed \(SIGABRT\)"), encoder_process.computing("an encoder"):
        raise AssertionError("the parent computes nothing")
    step.arguments_given.reset(token)


@pytest.mark.parametrize(
    "verb",
    [
        ["predict", "--model", "model"],
        ["infer", "--model", "model"],
        ["estimate", "--model", "model", "posts.tsv"],
        ["distil", "--teacher", "model", "--corpus", "posts.tsv", "--output", "student"],
        ["score", "--version", "1", "--source", "archive", "--output", "scores"],
    ],
)
def test_every_verb_that_asks_a_strangers_encoder_does_it_in_a_child(
    verb: list[str],
    toy_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Those that did it themselves ended without a word when TensorFlow crashed."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sentiment.scoring.score.model_of_version", lambda settings, version: Path("model"))
    write_posts(tmp_path / "posts.tsv", POSTS)
    Path("model").mkdir()
    folder.write_card(Path("model"), structs.replace(folder.read_card(toy_model), type=TF_HUB))
    commands = started(monkeypatch, "import os; os.abort()")
    capfd.readouterr()
    assert run(verb) == 2
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1 and "the encoder model/encoder must compute whatever it is given; found one at wh" in said[0]
    assert commands == [processes.python_module("sentiment", *verb)]


def test_an_error_that_is_not_tensorflows_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), encoder_process.computing("an encoder"):
        raise ZeroDivisionError


@pytest.mark.parametrize("heard", [True, False])
def test_an_interrupt_reaches_the_child_once(monkeypatch: pytest.MonkeyPatch, heard: bool) -> None:
    """As it was, `kill -INT` of the command alone let the training go on to its end."""
    monkeypatch.setattr(encoder_process, "SECONDS_TO_STOP", 60.0 if heard else 0.0)
    # Where the tests were started in the background of a shell, their children ignore an INT unless they say otherwise.
    waiting = "import signal; signal.signal(2, signal.SIG_DFL); print('up', flush=True); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout
    with child.stdout as up:
        assert up.readline() == b"up\n"
    wait = child.wait
    sent: list[str] = []

    def passed_on(number: int) -> None:
        sent.append("by us")
        os.kill(child.pid, number)

    def interrupted(timeout: float | None = None) -> int:
        if timeout is None and not sent:
            sent.append("by the terminal")
            if heard:
                os.kill(child.pid, signal.SIGINT)
            raise KeyboardInterrupt
        return wait(timeout)

    monkeypatch.setattr(child, "wait", interrupted)
    monkeypatch.setattr(child, "send_signal", passed_on)
    assert encoder_process._ended(child) == -signal.SIGINT
    assert sent == (["by the terminal"] if heard else ["by the terminal", "by us"])

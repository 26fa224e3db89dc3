"""The console: the older tool's dialogue, from a pipe and on a real terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.evaluation.infer import PROMPT, answer, bars, converse
from sentiment.settings import Settings

ENGLISH = ("positive", "negative", "neutral")
HOSTILE = b"\xff\xfe \x1b[2J\x00\n" + "讚".encode() * 100_000 + b"\n"
# The console on this process's terminal, with a classifier that needs no TensorFlow: positive when the text has 好.
CONSOLE = """
import sys
from sentiment.evaluation.infer import converse, typed
names = ("positive", "negative", "neutral")
classify = lambda post: [0.75, 0.125, 0.125] if "好" in post.text else [0.125, 0.75, 0.125]
converse(typed(), classify, names, sys.stdout, echo=False, columns=60)
print("the end")
"""


class Stdin:
    """A stand-in for `sys.stdin` that is no terminal: the console reads its bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


def infer(content: bytes, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "stdin", Stdin(content))
    return cli.run(["infer", *options])


def test_the_dialogue_is_that_of_the_older_tool() -> None:
    out = io.StringIO()
    converse(["這家店超棒的\n"], lambda _: [0.91, 0.02, 0.07], ENGLISH, out, echo=True)
    assert out.getvalue() == (
        "--> [input content]: 這家店超棒的\n"
        "positive:0.91, negative:0.02, neutral:0.07\n"
        "predict result : positive\n"
        "\n"
    )  # fmt: skip


def test_from_a_pipe_every_line_gets_its_dialogue_and_nothing_else_is_printed(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = "真的好吃\r\n\n  \n很爛\n".encode() + HOSTILE + b"quit\nnever asked\n"
    assert infer(content, monkeypatch, "--model", str(toy_model)) == 0
    printed = capsys.readouterr()
    dialogues = printed.out.removesuffix("\n\n").split("\n\n")
    assert [dialogue.split("\n")[0] for dialogue in dialogues] == [
        f"{PROMPT}真的好吃",
        f"{PROMPT}很爛",
        f"{PROMPT}\ufffd\ufffd \\x1b[2J\\x00",
        PROMPT + "讚" * 100_000,
    ]
    for dialogue in dialogues:
        _, table, verdict = dialogue.split("\n")
        chances = dict(re.findall(r"(\w+):([\d.e-]+)", table))
        assert tuple(chances) == ENGLISH
        assert sum(map(float, chances.values())) == pytest.approx(1, abs=1e-5)
        assert verdict == f"predict result : {max(chances, key=lambda name: float(chances[name]))}"
    assert dialogues[0].endswith("positive")
    assert dialogues[1].endswith("negative")


def test_a_person_sees_the_models_own_labels_with_three_digits(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sentiment.evaluation.infer.on_terminal", lambda: True)
    assert infer("真的好吃\n".encode(), monkeypatch, "--model", str(toy_model)) == 0
    asked, table, verdict, *shown = capsys.readouterr().out.splitlines()
    assert asked == f"{PROMPT}真的好吃"
    assert re.fullmatch(r"正面:0\.\d{3}, 負面:0\.\d{3}, 中立:0\.\d{3}", table)
    assert verdict == "predict result : 正面"
    assert [line[:2] for line in shown[:3]] == ["正面", "負面", "中立"]


def test_bars_below_each_other_begin_in_one_column_also_behind_chinese_labels() -> None:
    lines = bars([0.5, 0.5], ("好", "bad"), 40).splitlines()
    assert [line.index("█") for line in lines] == [4, 5]  # 好 takes two columns


def test_bars_are_as_long_as_the_probabilities() -> None:
    assert bars([0.75, 0.25, 0.0], ENGLISH, 36) == (
        "positive  █████████████▌      75.0%\n"
        "negative  ████▌               25.0%\n"
        "neutral                        0.0%\n"
    )  # fmt: skip
    assert all(len(line) <= 200 for line in bars([1.0, 0.0, 0.0], ENGLISH, 1000).splitlines())
    assert "█" in bars([1.0, 0.0, 0.0], ENGLISH, 1)


def test_the_first_of_equals_wins_and_tiny_probabilities_are_written_as_python_does() -> None:
    assert answer([0.5, 0.5, 1e-7], ENGLISH).splitlines() == [
        "positive:0.5, negative:0.5, neutral:1e-07",
        "predict result : positive",
    ]


def on_terminal(keys: list[bytes]) -> str:
    """Runs CONSOLE on a terminal of its own, types each of `keys` when the prompt is there, returns the screen."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "INPUTRC": os.devnull}
    process = subprocess.Popen(
        [sys.executable, "-c", CONSOLE], stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    screen = b""
    for number, key in enumerate([*keys, None], 1):
        deadline = time.monotonic() + 20
        while key is None or screen.count(PROMPT.encode()) < number:
            try:
                screen += os.read(controller, 65536)
            except OSError:  # the process ended and closed its terminal
                break
            assert time.monotonic() < deadline, screen
        if key is not None:
            os.write(controller, key)
    os.close(controller)
    assert process.wait(10) == 0, screen
    return screen.decode("utf-8", errors="replace")


@pytest.mark.parametrize("goodbye", [b"quit\n", b"EXIT\n", b"\x04"])
def test_on_a_terminal_bars_follow_and_a_goodbye_ends_it(goodbye: bytes) -> None:
    screen = on_terminal(["好吃\n".encode(), b"\n", goodbye])
    assert "positive:0.750, negative:0.125, neutral:0.125\r\npredict result : positive\r\npositive  ███" in screen
    assert screen.count("predict result") == 1
    assert screen.endswith("the end\r\n")


def test_a_line_can_be_edited_and_comes_back_from_the_history() -> None:
    left, backspace, up = b"\x1b[D", b"\x7f", b"\x1b[A"
    screen = on_terminal(["爛吃".encode() + left + backspace + "好\n".encode(), up + b"\n", b"\x04"])
    assert screen.count("predict result : positive") == 2
    assert "negative\r\n" not in screen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "there must be a stable version"),
        (("--version", "3"), "a version must have been published"),
        (("--model", "nowhere"), "No such folder: nowhere"),
    ],
)
def test_a_model_that_is_not_there_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    assert infer(b"", monkeypatch, *options) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert message in errors[0]


def test_a_version_is_the_model_folder_it_was_exported_from(
    toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    kept = Settings(home=tmp_path).trained
    kept.mkdir(parents=True)
    (kept / "7").symlink_to(toy_model)
    assert infer("很爛".encode(), monkeypatch, "--version", "7") == 0
    assert "predict result : negative" in capsys.readouterr().out


def test_a_nul_hides_nothing_of_what_was_typed(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = "很好難吃又很爛\n很好\0難吃又很爛\n很好\n".encode()
    assert infer(typed, monkeypatch, "--model", str(toy_model)) == 0
    whole, with_nul, cut = (line for line in capsys.readouterr().out.splitlines() if line.startswith("positive:"))
    assert with_nul == whole != cut


def test_a_pipe_in_another_encoding_is_understood(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert infer("真的很好吃,下次再來\n服務很爛\n".encode("big5"), monkeypatch, "--model", str(toy_model)) == 0
    assert f"{PROMPT}真的很好吃,下次再來\n" in capsys.readouterr().out

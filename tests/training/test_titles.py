"""A model knows whether it was trained with titles, and what becomes of a title that it is given."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import UNSET

from sentiment import cli
from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels
from sentiment.model.folder import CARD, open_model, read_card
from sentiment.training.hyperparameters import choose
from sentiment.training.train import train
from sentiment.training.training_files import Files

ASKED = [Post("推", 0, "火鍋大推"), Post("推", 1, "火鍋踩雷"), Post("推", 0)]
TITLED, ALONE = "火鍋踩雷\t推\n".encode(), "推\n".encode()


class Stdin:
    """A stand-in for `sys.stdin` that is no terminal."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


@pytest.fixture(scope="module")
def titled(train_toy: Callable[[list[Post]], Path], posts: list[Post]) -> Path:
    return train_toy([*posts, *ASKED])


@pytest.fixture(scope="module")
def untitled(train_toy: Callable[[list[Post]], Path], posts: list[Post]) -> Path:
    return train_toy(posts)


def without_the_word(model: Path, folder: Path) -> Path:
    """Returns a copy of a model folder as a version before this one left it."""
    shutil.copytree(model, folder)
    card = json.loads((folder / CARD).read_text("utf-8"))
    del card["titles"]
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    return folder


def answers(model: Path, posts: list[Post]) -> Any:
    from sentiment.evaluation.predict import predictions

    return np.stack([chances for _, chances in predictions(open_model(model), posts)])


def test_a_model_says_whether_it_was_trained_with_titles(titled: Path, untitled: Path, tmp_path: Path) -> None:
    assert read_card(titled).titles is True and read_card(untitled).titles is False
    assert read_card(without_the_word(untitled, tmp_path / "older")).titles is UNSET


def test_a_title_changes_the_answer_of_a_model_that_reads_titles(titled: Path) -> None:
    one, other, alone = answers(titled, ASKED)
    assert (one != other).any() and (one != alone).any()


def test_a_model_without_titles_leaves_them_out_and_says_so_once(
    untitled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other, alone = answers(untitled, ASKED * 700)[:3]  # more rows than are encoded together
    assert (one == alone).all() and (other == alone).all()
    told = [line for line in capsys.readouterr().err.splitlines() if "titles are left out" in line]
    assert told == [f"titles are left out: {untitled} was trained without titles, and reads the texts alone"]
    answers(untitled, [Post("推", 0)])
    assert "titles" not in capsys.readouterr().err


@pytest.mark.slow
def test_an_older_model_answers_to_titles_bit_for_bit_as_it_did(titled: Path, tmp_path: Path) -> None:
    older = without_the_word(titled, tmp_path / "older")
    assert (answers(older, ASKED) == answers(titled, ASKED)).all()


@pytest.mark.slow
@pytest.mark.parametrize(("before", "known"), [("titled", True), ("untitled", False), ("older", UNSET)])
def test_a_warm_start_on_rows_without_titles_keeps_what_the_model_before_could(
    before: str, known: Any, titled: Path, untitled: Path, posts: list[Post], tmp_path: Path
) -> None:
    models = {"titled": titled, "untitled": untitled}
    start = models[before] if before in models else without_the_word(titled, tmp_path / "older")
    write_posts(tmp_path / "train.tsv", posts)
    options = choose("custom", "scratch/toy", warm=True, num_epochs=1, max_seq_length=32, validation_share=0.0)
    train(Files(tmp_path / "train.tsv", None, tmp_path / "model", start), options, Labels())
    assert read_card(tmp_path / "model").titles is known


def predicted(model: Path, content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setattr(sys, "stdin", Stdin(content))
    assert cli.run(["predict", "--model", str(model)]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_line_may_have_a_title_where_the_model_reads_titles(
    titled: Path, untitled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = predicted(titled, TITLED, monkeypatch, capsys)
    assert (answer["title"], answer["text"]) == ("火鍋踩雷", "推")
    wanted = answers(titled, ASKED[1:2])[0]
    assert list(answer["probabilities"].values()) == pytest.approx(wanted.tolist(), abs=1e-5)
    assert "title" not in predicted(titled, ALONE, monkeypatch, capsys)
    assert predicted(untitled, TITLED, monkeypatch, capsys)["text"] == "火鍋踩雷\t推"


@pytest.mark.slow
def test_the_console_takes_a_title_before_a_tab(
    titled: Path, untitled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(model: Path, content: bytes) -> list[str]:
        monkeypatch.setattr(sys, "stdin", Stdin(content))
        assert cli.run(["infer", "--model", str(model)]) == 0
        return capsys.readouterr().out.splitlines()

    asked, table, *_ = said(titled, TITLED + b"quit\tquit\nquit\n" + ALONE)
    assert asked.endswith("火鍋踩雷 ｜ 推")
    chances = [float(part.split(":")[1]) for part in table.split(", ")]
    assert chances == pytest.approx(answers(titled, ASKED[1:2])[0].tolist(), abs=1e-6)
    assert said(untitled, TITLED)[0].endswith("火鍋踩雷 推")  # a tab is a space, as before


def table(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text("utf-8").splitlines(), delimiter="\t"))


def test_tables_show_the_title_where_there_is_one(titled: Path, untitled: Path, tmp_path: Path) -> None:
    write_posts(tmp_path / "asked.tsv", ASKED)
    data = ["--data", str(tmp_path / "asked.tsv")]
    for model, heads in ((titled, ["text", "title", "label"]), (untitled, ["text", "label", "label_id"])):
        output = ["--output", str(tmp_path / "out.tsv"), "--format", "tsv"]
        assert cli.run(["predict", "--model", str(model), *data, *output]) == 0
        rows = table(tmp_path / "out.tsv")
        assert rows[0][:3] == heads
    assert cli.run(["test", "--model", str(titled), *data, "--output", str(tmp_path / "tested")]) == 0
    rows = table(tmp_path / "tested" / "test_result.tsv")
    assert rows[0][:4] == ["text", "title", "true", "pred"]
    assert [row[1] for row in rows[1:]] == [post.title for post in ASKED]

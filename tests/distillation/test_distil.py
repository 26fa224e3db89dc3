"""`sentiment distil` from end to end, on a toy teacher."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec import structs
from support.results import whole_json
from support.toy_model import POSTS as LABELLED

from sentiment import atomic
from sentiment.data.tsv import Post, write_posts
from sentiment.digests import sha256_of
from sentiment.distillation.distil import command
from sentiment.distillation.soft_labels import PROBABILITIES
from sentiment.errors import InputError
from sentiment.evaluation.evaluate import Model, evaluate
from sentiment.evaluation.predict import predictions
from sentiment.model.folder import open_model, read_card, write_card
from sentiment.results.deliveries import Prepare
from sentiment.results.record import as_json
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder

QUICK = ["--model-name", "scratch/toy", "--num-epochs", "2", "--batch-size", "16", "--max-seq-length", "16"]
Distil = Callable[..., Result]


@pytest.fixture
def distil(toy_model: Path, corpus: Path, tmp_path: Path) -> Distil:
    def run(*more: str) -> Result:
        given = ["--teacher", str(toy_model), "--corpus", str(corpus), "--output", str(tmp_path / "student"), *QUICK]
        return CliRunner().invoke(command, [*given, *more])

    return run


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """Labelled rows, one of which is a post of the corpus; and test rows, one of which is another."""
    write_posts(tmp_path / "train.tsv", [*LABELLED, Post("好吃的店", 0)])
    write_posts(tmp_path / "test.tsv", [*LABELLED[::3], Post("難吃的店", 1)])
    return "--train", str(tmp_path / "train.tsv"), "--test", str(tmp_path / "test.tsv")


def result_of(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output + str(done.exception)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def refused(done: Result) -> str:
    assert isinstance(done.exception, InputError), done.output
    return str(done.exception)


@pytest.mark.slow
def test_a_student_comes_to_answer_like_its_teacher(distil: Distil, toy_model: Path, tmp_path: Path) -> None:
    found = result_of(distil("--num-epochs", "30", "--learning-rate", "0.01"))
    assert found["test"] is None, "what a teacher says is no truth to be tested on"
    assert found["scaling"]["temperature"] == 1 and found["scaling"]["rows"] == 0
    assert found["loss"][-1] < found["loss"][0] and found["val_accuracy"][-1] > 0.9
    asked = [Post(text, 0) for text in ("很好吃", "很難吃", "請問幾點")]
    answers = [
        [chances for _, chances in predictions(open_model(path), asked)] for path in (toy_model, tmp_path / "student")
    ]
    assert [row.argmax() for row in answers[0]] == [row.argmax() for row in answers[1]]


def test_the_model_says_of_whom_it_learned_and_what(
    distil: Distil, toy_model: Path, tmp_path: Path, files: tuple[str, ...]
) -> None:
    done = distil(*files, "--temperature", "3", "--labelled-weight", "2")
    found, card = result_of(done), read_card(tmp_path / "student")
    teaching = card.teaching
    assert teaching and found["teaching"]["sha256"] == teaching.sha256 and len(teaching.sha256) == 64
    assert (teaching.teacher, teaching.name, teaching.version or None) == (str(toy_model), "scratch/toy", None)
    # 144 posts, 好吃 and a repeat: two are in the test set, one of the others was labelled by people.
    assert (teaching.corpus.lines, teaching.corpus.of_tests, teaching.corpus.repeated) == (147, 2, 1)
    assert (teaching.corpus.learnt, teaching.posts, teaching.labelled) == (143, 142, 31)
    assert (teaching.temperature, teaching.labelled_weight) == (3, 2)
    assert (card.data.rows, card.data.per_label) == (31, [11, 10, 10])
    assert sum(found["test"]["support"]) == 11
    assert "It learned what " in done.stderr and "142 posts, and 31 labelled rows" in done.stderr
    summary = (tmp_path / "student" / "summary.txt").read_text(encoding="utf-8")
    assert f"- teacher:       {toy_model}" in summary and "142 posts" in summary and "temperature 3" in summary


def test_the_same_again_is_not_made_again_and_other_options_ask_nobody_twice(
    distil: Distil, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = result_of(distil())
    again = distil()
    assert result_of(again) == once and "was already made" in again.stderr
    assert "must not hold another model" in refused(distil("--temperature", "4"))
    kept = list((home / "runs" / "soft-labels").glob(f"*/{PROBABILITIES}"))
    other = distil("--temperature", "4", "--replace")
    assert "145 of 145 posts were answered by the teacher before" in other.stderr
    assert result_of(other)["loss"] != once["loss"]
    assert list((home / "runs" / "soft-labels").glob(f"*/{PROBABILITIES}")) == kept and len(kept) == 1


@pytest.mark.slow
def test_one_that_was_stopped_ends_as_if_it_had_not_been(
    distil: Distil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.training import fit

    whole, take_step = result_of(distil("--output", str(tmp_path / "whole"))), fit.Fitting.take_step

    def stopped(self: Any, inputs: Any, labels: Any, done: int, *soft: Any) -> Any:
        if done == self.steps + 1:
            raise KeyboardInterrupt
        return take_step(self, inputs, labels, done, *soft)

    with monkeypatch.context() as patch:
        patch.setattr(fit.Fitting, "take_step", stopped)
        assert distil().exit_code != 0
    resumed = result_of(distil())
    assert resumed["resumed_from_epoch"] == 1 and resumed["val_loss"] == whole["val_loss"]
    one, two = (open_model(tmp_path / name).keras.get_weights() for name in ("whole", "student"))
    assert all((first == second).all() for first, second in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--teacher", "7"), "a version must have been published"),
        (("--teacher", "stable"), "there must be a stable version"),
        (("--teacher", "nobody"), "A teacher must be stable, canary, previous, a version's number or a model folder"),
        (("--teacher", "."), "must hold a readable model.json"),
        (("--corpus", "none.txt"), "none.txt"),
        (("--corpus", "no-utf8.txt"), "a corpus must be UTF-8 text"),
        (("--exclude", "none.tsv"), "none.tsv"),
        (("--temperature", "0"), "--temperature must be between"),
        (("--labelled-weight", "nan"), "--labelled-weight must be between"),
        (("--most-posts", "-1"), "--most-posts must be between"),
        (("--model-name", "scratch/huge"), "a from-scratch encoder must be one of"),
        (("--train", "four.tsv"), "one of the labels"),
        (("--output", "."), "the output must be a new folder or a model folder"),
    ],
)
def test_bad_input_is_one_line(
    distil: Distil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("four.tsv").write_text("text\tlabel\n好吃\t4\n", encoding="utf-8")
    Path("no-utf8.txt").write_bytes(b"\xa4\xa4\n")
    said = refused(distil(*more))
    assert told in said and "\n" not in said
    assert not (tmp_path / "student").exists()


def test_an_empty_corpus_is_one_line(toy_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    given = ["--teacher", str(toy_model), "--corpus", str(tmp_path / "empty.txt"), "--output", str(tmp_path / "out")]
    assert "a corpus must have at least 30 different posts" in refused(CliRunner().invoke(command, given + QUICK))


def test_a_corpus_that_people_labelled_teaches_nothing(distil: Distil, corpus: Path, tmp_path: Path) -> None:
    texts = [text for text in corpus.read_text(encoding="utf-8").splitlines() if text]
    write_posts(tmp_path / "all.tsv", [Post(text, row % 3) for row, text in enumerate(texts)])
    said = refused(distil("--train", str(tmp_path / "all.tsv")))
    assert "at least 30 posts that --train has no label for; found 0 of 145" in said


def test_some_posts_are_enough(distil: Distil) -> None:
    done = distil("--most-posts", "40", "--num-epochs", "1")
    assert (
        result_of(done)["teaching"]["posts"] == 40 and "of 147 lines (1 repeated, 1 empty); 40 are drawn" in done.stderr
    )


@pytest.mark.parametrize("option", ["--output", "--model-name"])
def test_a_student_is_another_model_than_its_teacher(distil: Distil, toy_model: Path, option: str) -> None:
    before = (toy_model / "weights.h5").read_bytes()
    assert f"also by {option}" in refused(distil(option, str(toy_model), "--replace"))
    assert (toy_model / "weights.h5").read_bytes() == before


def test_a_teacher_has_the_labels_of_the_home_in_their_order(distil: Distil, toy_model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(toy_model, other)
    card = read_card(other)
    write_card(other, structs.replace(card, labels=card.labels[::-1]))
    said = refused(distil("--teacher", str(other)))
    assert "a teacher must have the labels 正面、負面、中立; found 中立、負面、正面" in said


class TestRun:
    """`sentiment distil --run`: a student in the place of the run's model."""

    @pytest.fixture
    def folder(self, home: Path) -> Path:
        folder = home / "runs" / "r1"
        write_posts(folder / "train.tsv", LABELLED)
        write_posts(folder / "test.tsv", LABELLED[::3])
        self.prepare(folder, mode="full", warm_start=None)
        return folder

    def prepare(self, folder: Path, **changed: Any) -> None:
        prepared = {"nothing_new": False, "fingerprint": sha256_of(folder / "train.tsv"), "watermark": 7, **changed}
        atomic.write_json(folder / "prepare.json", whole_json(Prepare, {"train_rows": 30, **prepared}))

    def test_it_is_the_model_of_the_run(self, folder: Path, toy_model: Path, corpus: Path) -> None:
        given = ["--run", "r1", "--teacher", str(toy_model), "--corpus", str(corpus), *QUICK]
        found = result_of(CliRunner().invoke(command, given))
        assert as_json(RunFolder(folder).read(Training)) == found and found["model"] == str(folder / "model")
        card = read_card(folder / "model")
        assert card.teaching and card.teaching.labelled == 30
        assert (card.data.watermark, card.data.run, card.data.mode, card.data.rows) == (7, "r1", "full", 30)
        assert card.data.per_label == [10, 10, 10] and sum(found["test"]["support"]) == 10
        compared = evaluate(folder / "model", Model(toy_model, 1), {"frozen": list(LABELLED)})
        assert isinstance(compared.sets.frozen.changed, int)

    def test_it_begins_anew(self, folder: Path, toy_model: Path, corpus: Path) -> None:
        self.prepare(folder, mode="warm", warm_start=str(toy_model))
        given = ["--run", "r1", "--teacher", str(toy_model), "--corpus", str(corpus), *QUICK]
        said = refused(CliRunner().invoke(command, given))
        assert "must have been prepared with --mode full; found run r1 with --mode warm" in said


def test_a_run_and_files_are_not_given_together(distil: Distil) -> None:
    assert "give --run, or --train and --output" in distil("--run", "one").stderr
    done = CliRunner().invoke(command, ["--teacher", "stable", "--corpus", "a.txt"])
    assert done.exit_code == 2 and "give --run or --output" in done.stderr

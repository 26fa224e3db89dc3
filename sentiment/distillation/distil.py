"""`sentiment distil`: a small model learns what a large one says of posts that nobody labelled.

It is trained as every model is, and leaves the same model folder; only its targets are the teacher's probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from msgspec import UNSET

from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.distillation import soft_labels
from sentiment.distillation.room import require_room
from sentiment.distillation.teacher import Teacher, require_apart, teacher_of
from sentiment.errors import InputError
from sentiment.language import tr, tr_many
from sentiment.model import folder as model_folder
from sentiment.model.encoder_process import computing
from sentiment.options import distilling
from sentiment.options.as_click import option, options
from sentiment.options.training import HYPERPARAMETERS, MODEL_NAME
from sentiment.pretraining import lines
from sentiment.pretraining.corpus import FEWEST, Corpus, hash_of, read_corpus
from sentiment.pretraining.never_learnt import texts_of_tests
from sentiment.pretraining.pretrain import told_corpus
from sentiment.processes import available_memory
from sentiment.results.model_card import Teaching
from sentiment.results.training import Training
from sentiment.serving.records import prepared
from sentiment.serving.trained import stable_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.training.hyperparameters import Hyperparameters
from sentiment.training.start import require_possible, require_same_labels
from sentiment.training.taught import Taught
from sentiment.training.train import told as told_training
from sentiment.training.training import train
from sentiment.training.training_files import Files, files_of_run, settings_for

FOLDER = "soft-labels"  # below runs/
PATH = click.Path(path_type=Path)


@dataclass(frozen=True)
class Lesson:
    """How a student learns: the corpus, and the options of `sentiment.options.distilling`."""

    corpus: tuple[Path, ...]
    exclude: tuple[Path, ...]
    temperature: float
    labelled_weight: float
    most_posts: int


@click.command("distil")
@click.option("--teacher", required=True, help="stable, canary, previous, a version's number, or a model folder.")
@click.option("--corpus", type=PATH, multiple=True, required=True, help="A text file, UTF-8, one post a line.")
@click.option("--exclude", type=PATH, multiple=True, help="A file whose texts (column text) are not learnt from.")
@click.option("--run", "run_id", help="Make this run's model, with its rows; it was prepared with --mode full.")
@click.option("--train", "train_file", type=PATH, help="Labelled posts to learn too (TSV).")
@click.option("--test", "test_file", type=PATH, help="Labelled posts for the report (TSV); none is learnt from.")
@click.option("--output", type=PATH, help="The model folder to make.")
@click.option("--replace", "replaces", is_flag=True, help="Replace another model in --output.")
@click.option("--model-type", help="custom (encoder, dropout, softmax) or origin (transformers' own).")
@option(MODEL_NAME)
@click.option("--vocab", type=PATH, help="Word pieces (vocab.txt) instead of the text's own.")
@options(*distilling.OPTIONS)
@options(*HYPERPARAMETERS, default=None)
@click.option("--devices", default="auto", show_default=True, help="auto, cpu, gpu (all GPUs) or a number of GPUs.")
@step
def command(
    teacher: str,
    corpus: tuple[Path, ...],
    exclude: tuple[Path, ...],
    run_id: str | None,
    train_file: Path | None,
    test_file: Path | None,
    output: Path | None,
    replaces: bool,
    model_type: str | None,
    model_name: str,
    vocab: Path | None,
    devices: str,
    **given: Any,
) -> Training:
    """Train a small model on what a large one says of posts without labels. A stopped one goes on where it was."""
    settings = read_settings()
    for declared in distilling.OPTIONS:
        declared.require(given[declared.name])
    lesson = Lesson(corpus, exclude, **{declared.name: given.pop(declared.name) for declared in distilling.OPTIONS})
    if run_id and (train_file or output):
        raise click.UsageError("give --run, or --train and --output")
    run = prepared(settings, run_id) if run_id else None
    if run:
        base = replace(files_of_run(run), vocabulary=vocab, served=stable_of(settings)[0])
        require_full(run.name, base)
    elif output:
        base = Files(None, None, output, vocabulary=vocab)
    else:
        raise click.UsageError("give --run or --output")
    files = replace(base, train=train_file or base.train, test=test_file or base.test)
    hyperparameters = settings_for(files, model_type, model_name, **given)
    made_by = teacher_of(settings, teacher)
    require_apart(made_by, files.output, model_name)
    replaces = replaces or bool(run)
    with computing(model_folder.strangers_encoder(made_by.folder)):
        result = distil(settings, made_by, lesson, files, hyperparameters, devices=devices, replaces=replaces)
    if run:
        run.write(result)
    with to_people():
        say(f"{told_training(result)} {told(result)}")
    return result


def distil(
    settings: Settings,
    teacher: Teacher,
    lesson: Lesson,
    files: Files,
    hyperparameters: Hyperparameters,
    *,
    devices: str,
    replaces: bool,
) -> Training:
    """Asks the teacher, unless it was asked before, and trains the student of `files`.

    Raises: InputError when an input is not as it must be. That is said before the teacher is asked.
    """
    labels = settings.label_set
    card = model_folder.read_card(teacher.folder)
    require_same_labels(card, labels, teacher.folder, "a teacher", "Name another teacher")
    model_folder.require_replaceable(files.output)
    require_possible(files, hyperparameters, labels)
    lines.require_readable([*lesson.corpus, *lesson.exclude])
    labelled = read_posts(files.train, labels) if files.train else []
    tests = [path for path in (*lesson.exclude, files.test) if path]
    found = read_corpus(lesson.corpus, texts_of_tests(settings, tests))
    found = soft_labels.drawn(found, lesson.most_posts, hyperparameters.seed)
    require_room(found, hyperparameters.max_seq_length, available_memory())
    used = int(found.use.sum())
    drawn = f"; {used:,} are drawn from them" if used < found.counted.learnt else ""
    say(f"distil: {told_corpus(found)}{drawn}")
    taught = taught_by(teacher, found, lesson, labelled, settings)
    return train(files, hyperparameters, labels, devices=devices, replaces=replaces, taught=taught)


def taught_by(teacher: Teacher, corpus: Corpus, lesson: Lesson, labelled: list[Post], settings: Settings) -> Taught:
    """Returns what the teacher says of the posts, without those that people labelled: their word stands."""
    card, sha256 = model_folder.read_card(teacher.folder), soft_labels.digest_of_model(teacher.folder)
    made_of = soft_labels.identity_of(sha256, corpus)
    given = soft_labels.soft_labels(teacher.folder, corpus, settings.runs / FOLDER / made_of[:32])
    known = {hash_of(post.text) for post in labelled}
    texts = [(row, text) for row, (text, _) in enumerate(corpus.posts()) if hash_of(text) not in known]
    require_some(len(texts), len(given))
    probabilities = given[[row for row, _ in texts]]
    likeliest = probabilities.argmax(axis=1).tolist()
    teaching = Teaching(
        teacher=str(teacher.folder),
        version=UNSET if teacher.version is None else teacher.version,
        name=card.name,
        parameters=card.parameters,
        sha256=sha256,
        corpus=corpus.counted,
        posts=len(texts),
        temperature=lesson.temperature,
        labelled=len(labelled),
        labelled_weight=lesson.labelled_weight,
    )
    posts = [Post(text, label) for (_, text), label in zip(texts, likeliest, strict=True)]
    return Taught(posts, np.asarray(probabilities), made_of, teaching)


def require_some(posts: int, answered: int) -> None:
    """Raises: InputError when hardly a post is left that nobody labelled: the teacher would teach nothing."""
    if posts < FEWEST:
        raise InputError(
            f"a corpus must have at least {FEWEST} posts that --train has no label for",
            found=f"{posts} of {answered:,}",
            do="Name files of other posts with --corpus.",
        )


def require_full(run: str, files: Files) -> None:
    """Raises: InputError when a run has only the rows with which the stable model goes on: a student begins anew."""
    if files.warm_start or files.data.mode != "full":
        raise InputError(
            "a student's run must have been prepared with --mode full",
            found=f"run {run} with --mode {files.data.mode}",
            do=f"Run `sentiment prepare --run {run} --mode full` first.",
        )


def told(result: Training) -> str:
    """Returns of whom the student has learned, and from how many posts, as a sentence."""
    assert result.teaching
    teaching = result.teaching
    who = teaching.teacher if not teaching.version else tr("version {version}", version=teaching.version)
    return tr(
        "It learned what {model} says of {posts}, and {rows}.",
        model=who,
        posts=tr_many("{number:,} post", "{number:,} posts", teaching.posts),
        rows=tr_many("{number:,} labelled row", "{number:,} labelled rows", teaching.labelled),
    )

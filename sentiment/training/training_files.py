"""A training's files, what makes two trainings the same, and what a run has prepared for a training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sentiment import atomic, file_sizes, seal
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import folder, pinned
from sentiment.model.model_type import CUSTOM
from sentiment.options.training import MODEL_NAME
from sentiment.results import record
from sentiment.results.deliveries import Composition, Prepare
from sentiment.results.model_card import TrainedOn
from sentiment.results.report import GONE_ON_FROM, TrainingReport
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder
from sentiment.step import say
from sentiment.training.hyperparameters import Hyperparameters, as_json, choose

UNKNOWN = TrainedOn()
ENCODER = "encoder"  # among the digests of the files that a training reads


@dataclass(frozen=True)
class Files:
    """The files that a training reads, and the folder that it makes. `data` goes into model.json unchanged.

    Only a student, who learns from a teacher's answers, may have no `train`.
    """

    train: Path | None
    test: Path | None
    output: Path
    warm_start: Path | None = None
    vocabulary: Path | None = None
    served: Path | None = None  # the stable model: an encoder of its name must be the one that it was trained from
    data: TrainedOn = UNKNOWN
    composition: Composition | None = None  # of the training rows, for the report
    new: Path | None = None  # those rows of `train` that the model of the warm start has not learned; None: all
    encoder: str = ""  # the model name to start from when nobody names another; "": the default


def identity_of(files: Files, settings: Hyperparameters, labels: Labels) -> dict[str, Any]:
    """Returns everything that decides a training's outcome: equal identities make equal models."""
    contents = {
        "train": files.train,
        "test": files.test,
        "vocabulary": files.vocabulary,
        "warm_start": files.warm_start / folder.WEIGHTS if files.warm_start else None,
    }
    of_models = filter(None, (files.vocabulary, contents["warm_start"]))
    file_sizes.require_bounded(path for path in of_models if path.is_file())
    digests = {name: sha256_of(path) if path and path.is_file() else None for name, path in contents.items()}
    pin = None if files.warm_start else pinned.of(settings.model_type, settings.model_name)
    return {
        "files": {**digests, ENCODER: pin.sha256 if pin else None},
        "hyperparameters": as_json(settings),
        "labels": list(labels.names),
        "data": record.as_json(files.data),
        "versions": folder.installed_versions(),
        **_temperature_before(files),
    }


def _temperature_before(files: Files) -> dict[str, float]:
    """Returns the temperature that a warm start on few rows keeps; nothing where it is 1, as in earlier versions."""
    before = folder.read_card(files.warm_start).temperature if files.warm_start else 1.0
    return {} if before == 1 else {"temperature": before}


def learned_before(files: Files, posts: Sequence[Post], labels: Labels) -> frozenset[int]:
    """Returns the rows of `posts` that the model of the warm start has learned, as far as that is known."""
    if not files.warm_start or not files.new:
        return frozenset()
    new = {(post.text, post.title) for post in read_posts(files.new, labels)}
    return frozenset(row for row, post in enumerate(posts) if (post.text, post.title) not in new)


def earlier_result(output: Path, inputs: dict[str, Any]) -> Training | None:
    """Returns the result of the training that made `output`, if it was made from the same inputs."""
    report = atomic.read_json(output / folder.REPORT) or {}
    if report.get("inputs") != json.loads(json.dumps(inputs)) or not (output / folder.WEIGHTS).is_file():
        return None
    try:
        seal.unbroken({name: report[name] for name in (*GONE_ON_FROM, seal.SEAL) if name in report})
    except ValueError as error:
        say(f"train: {output / folder.REPORT} cannot be used ({error}); the model is trained again")
        return None
    found = record.decoded(report, TrainingReport, str(output / folder.REPORT), "Train the model again.")
    return msgspec.structs.replace(found.result, model=str(output))


def files_of_run(run: RunFolder) -> Files:
    """Returns what `prepare` left for this run. Raises: InputError when nothing is new or train.tsv has changed."""
    prepared = run.read(Prepare)
    if prepared.nothing_new:
        raise InputError(
            f"run {run.name} must have new posts", found="none", do="Deliver new posts and prepare another run."
        )
    found = sha256_of(run.train) if run.train.is_file() else "no file"
    if found != prepared.fingerprint:
        raise InputError(
            f"{run.train} must be the file that `prepare` made (sha256 {str(prepared.fingerprint)[:12]}…)",
            found=found[:12],
            do=f"Run `sentiment prepare --run {run.name}` again.",
        )
    warm_start = Path(prepared.warm_start) if prepared.warm_start else None
    # `sentiment lineage` and the next `prepare` ask for it: a model keeps saying where its rows came from.
    data = TrainedOn(
        fingerprint=prepared.fingerprint,
        rows=prepared.train_rows,
        watermark=prepared.watermark,
        run=run.name,
        mode=prepared.mode,
        warm_from=prepared.warm_from,
        partial=prepared.partial,
        seen=prepared.seen,
        used=prepared.used,
        tests=prepared.tests,
    )
    return Files(
        run.train,
        run.frozen if run.frozen.is_file() else None,
        run.model,
        warm_start,
        data=data,
        composition=prepared.composition,
        new=run.batch if prepared.new.rows and run.batch.is_file() else None,
        encoder=pinned.pinned_name(prepared.encoder.address, prepared.encoder.sha256) if prepared.encoder else "",
    )


def settings_for(files: Files, model_type: str | None, model_name: str | None, **given: Any) -> Hyperparameters:
    """Returns the hyperparameters; a warm start keeps its model's type, name and length."""
    if files.warm_start is None:
        kind = model_type or CUSTOM
        return choose(kind, model_name or (kind == CUSTOM and files.encoder) or MODEL_NAME.default, **given)
    card = folder.read_card(files.warm_start)
    for option, wanted, found in (
        ("--model-type", model_type, card.type),
        ("--model-name", model_name and pinned.name_of(model_name), card.name),
    ):
        if wanted not in (None, found):
            raise InputError(
                f"{option} must be that of the warm start, {found}", found=repr(wanted), do=f"Leave out {option}."
            )
    if files.vocabulary:
        raise InputError(
            "a warm start must keep its own vocabulary", found=f"--vocab {files.vocabulary}", do="Leave out --vocab."
        )
    kept = {"max_seq_length": card.max_seq_length, "dropout_rate": card.dropout}
    stated = {name: value for name, value in given.items() if value is not None}
    return choose(card.type, card.name, warm=True, **{**kept, **stated})

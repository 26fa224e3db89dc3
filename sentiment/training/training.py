"""A whole training: read, build, fit, test, save. The model folder appears whole or not at all, without optimizer."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, structs

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import arithmetic, folder
from sentiment.model.curves import Curves
from sentiment.model.devices import require_known
from sentiment.model.folder import OpenedModel
from sentiment.model.split import hold_out, require_every_label, require_held_out
from sentiment.results.model_card import ModelCard
from sentiment.results.report import ReportedModel, TrainingReport
from sentiment.results.training import Scaling, Training
from sentiment.step import say
from sentiment.training.devices import Devices, find_devices
from sentiment.training.hyperparameters import Hyperparameters, as_json
from sentiment.training.precision import Precision, building_in, choose_precision
from sentiment.training.resume import Unfinished
from sentiment.training.start import require_possible, starting_point, trained_on
from sentiment.training.taught import Taught
from sentiment.training.training_files import Files, earlier_result, identity_of, learned_before

if TYPE_CHECKING:
    from sentiment.report.training import Tested
    from sentiment.training.fit import Environment


def train(
    files: Files,
    settings: Hyperparameters,
    labels: Labels,
    *,
    devices: str = "auto",
    tensorboard: Path | None = None,
    replaces: bool = True,
    taught: Taught | None = None,
) -> Training:
    """Trains, tests and saves; returns the result of the step. For the same inputs, returns the earlier result.

    If a training with the same inputs was interrupted, it resumes after its last finished epoch. `devices` and
    `tensorboard` (a folder for event files) do not decide what is learned. Without `replaces`, a model that was made
    from other inputs is not overwritten. A student learns from the posts that it is `taught`, behind the labelled rows.
    """
    folder.require_replaceable(files.output)
    require_known(devices)
    require_outside(tensorboard, files.output)
    labelled = read_posts(files.train, labels) if files.train else []
    if files.train and not taught:
        require_every_label(labelled, labels, files.train)
    posts = [*labelled, *(taught.posts if taught else ())]
    if settings.early_stopping:
        require_held_out([post.label for post in posts], settings.validation_share, settings.seed)
    require_possible(files, settings, labels)
    test = read_posts(files.test, labels) if files.test else []
    inputs = identity_of(files, settings, labels) | ({"taught": taught.identity} if taught else {})
    unfinished = Unfinished(files.output, inputs)
    earlier = earlier_result(files.output, inputs)
    if earlier is not None:
        say(f"train: {files.output} was already made from these inputs")
        unfinished.discard()
        return earlier
    if not replaces:
        folder.require_no_model(files.output)
    start, machine, precision = _build(files, settings, labels, posts, devices)
    if taught:
        start = _as_student(start, files, labelled, labels, taught)
    require_room(files.output, start.card.parameters)
    with _environment(machine, precision, unfinished if settings.num_epochs > 1 else None, tensorboard) as environment:
        say(f"train: on {machine.describe()}, in {precision.policy}: {precision.why}")
        learned = learned_before(files, posts, labels)
        curves, tested, figures = fit_and_test(start, labelled, test, settings, environment, learned, taught)
    result = Training(
        model=str(files.output),
        rows=len(posts),
        **figures,
        parameters=start.card.parameters,
        devices=list(machine.names),
        precision=precision.policy,
        teaching=start.card.teaching,
    )
    assert isinstance(result.scaling, Scaling)
    start = replace(start, card=structs.replace(start.card, temperature=result.scaling.temperature))
    report = _reported(inputs, settings, result, files, start.card)
    save(files.output, start, curves, tested, report, replaces)
    unfinished.discard()
    return result


def _reported(
    inputs: dict[str, Any], settings: Hyperparameters, result: Training, files: Files, card: ModelCard
) -> TrainingReport:
    """Returns the report without the test."""
    from sentiment.report.training import now

    return TrainingReport(
        kind="training",
        made=now(),
        inputs=inputs,
        hyperparameters=as_json(settings),
        result=result,
        composition=files.composition or UNSET,
        model=ReportedModel.of(card, bool(inputs["files"]["warm_start"])),
    )


def _build(
    files: Files, settings: Hyperparameters, labels: Labels, posts: list[Post], devices: str
) -> tuple[OpenedModel, Devices, Precision]:
    """Returns the model to train, with the devices and the precision for which it was built."""
    machine = find_devices(devices)
    precision = choose_precision(settings.precision, machine.capabilities)
    arithmetic.use(settings.precision if settings.precision == arithmetic.FLOAT32 else arithmetic.AUTO)
    with machine.strategy.scope(), building_in(precision.policy):
        start = starting_point(files, settings, labels, posts)
    return start, machine, precision


def _as_student(
    start: OpenedModel, files: Files, labelled: Sequence[Post], labels: Labels, taught: Taught
) -> OpenedModel:
    """Returns the model whose card says what it is taught, and that its data are the rows that people labelled."""
    data = trained_on(files, labelled, labels)
    return replace(start, card=structs.replace(start.card, data=data, teaching=taught.teaching))


@contextmanager
def _environment(
    machine: Devices, precision: Precision, unfinished: Unfinished | None, tensorboard: Path | None
) -> Iterator[Environment]:
    from sentiment.training.fit import Environment
    from sentiment.training.tensorboard import EpochLog

    with EpochLog(tensorboard) if tensorboard else nullcontext() as log:
        yield Environment(machine.strategy, precision.scales_loss, machine.is_one_cpu, unfinished, log)


def fit_and_test(
    start: OpenedModel,
    labelled: list[Post],
    test: list[Post],
    settings: Hyperparameters,
    environment: Environment,
    learned: Collection[int] = (),
    taught: Taught | None = None,
) -> tuple[Curves, Tested | None, dict[str, Any]]:
    """Fits the model in place, then scores the test rows, or the held-out ones; returns curves, test and figures.

    The test is that of the model with its temperature. The held-out rows give it, without those that the model before
    has `learned`: in them it would be right more often than elsewhere. What a teacher says is no truth: of the posts
    that are `taught`, none gives the temperature, or stands in the test.
    """
    from sentiment.model import batches
    from sentiment.model.scoring import BATCH_SIZE, Scorer
    from sentiment.model.temperature import rescaled
    from sentiment.report.training import Tested
    from sentiment.training.calibrate import temperature_of
    from sentiment.training.fit import answers, fit

    posts = [*labelled, *(taught.posts if taught else ())]
    encoded = replace(batches.encode(start.tokenizer, posts), soft=taught.behind(labelled) if taught else None)
    kept, held_out = hold_out([post.label for post in posts], settings.validation_share, settings.seed)
    judged = [row for row in held_out if row < len(labelled)]
    # Scoring keeps no activations for a backward pass, so twice the rows of a training step fit into memory.
    at_once = min(BATCH_SIZE, 2 * settings.batch_size)
    scorer = Scorer(start.keras, settings.max_seq_length, at_once, passes=settings.num_epochs)
    validation = encoded.only(held_out) if held_out else None
    curves = fit(start, encoded.only(kept), validation, settings, scorer, environment)
    unseen = [row for row in judged if row not in learned]
    scaling = temperature_of(scorer, encoded.only(unseen) if unseen else None, settings, start.card.temperature)
    begin = time.monotonic()
    asked = batches.encode(start.tokenizer, test) if test else encoded.only(judged) if judged else None
    probabilities = answers(scorer, asked, settings, "test") if asked else None
    test_seconds = round(time.monotonic() - begin, 3)
    tested = None
    if probabilities is not None:
        asked_posts = test or [posts[row] for row in judged]
        calibrated = rescaled(probabilities, scaling.temperature)
        tested = Tested([posts[row] for row in kept], asked_posts, calibrated, scaling.temperature, scorer.pace)
    figures = {
        **curves.as_json(len(kept), settings.num_epochs),
        "test": tested.metrics if tested else None,
        "test_seconds": test_seconds,
        "scaling": scaling,
    }
    return curves, tested, figures


def save(
    output: Path,
    model: OpenedModel,
    curves: Curves,
    tested: Tested | None,
    report: TrainingReport,
    replaces: bool = True,
) -> None:
    """Replaces `output` with the model folder.

    Raises: InputError when the disk is too full, or what stands in `output` by now must stay: as `require_still_free`.
    """
    from sentiment.report.training import write_training_report

    require_room(output, model.card.parameters)
    with atomic.replacing_folder(output) as made:
        folder.write_model(made, model)
        write_training_report(made, curves, tested, report)
        require_still_free(output, made, None if replaces else report.inputs)


def require_still_free(output: Path, made: Path, inputs: dict[str, Any] | None) -> None:
    """Asks again what `train` asked before: while it ran, another command may have ended in `output`.

    With `inputs`, no model of others may be there. Raises: InputError, which names where the model in `made` is kept.
    """
    try:
        folder.require_replaceable(output)
        if inputs is not None and earlier_result(output, inputs) is None:
            folder.require_no_model(output)
    except InputError as error:
        kept = output.with_name(f"{output.name}.{secrets.token_hex(4)}")  # nobody can have put anything there
        made.rename(kept)
        raise InputError(
            error.must_hold,
            found=f"{error.found}, which came there meanwhile",
            do=f"Nothing is lost: the model that was trained is {kept}. Use it there, or move what is in the way.",
        ) from None


def require_room(output: Path, parameters: int) -> None:
    """Raises: InputError when the model does not fit on the disk: on a full disk, HDF5 crashes the process."""
    needed = 5 * parameters + 2**22  # float32 weights, and the other files
    output.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(output.parent).free
    if free < needed:
        raise InputError(
            f"the disk must have room for the model, {needed / 2**20:,.0f} MB in {output.parent}",
            found=f"{free / 2**20:,.0f} MB",
            do="Make room and start the same command again: it resumes after the last kept epoch.",
        )


def require_outside(tensorboard: Path | None, output: Path) -> None:
    """Raises: InputError when the event files would be replaced together with the model folder."""
    if tensorboard and tensorboard.resolve().is_relative_to(output.resolve()):
        raise InputError(
            "--tensorboard must be outside --output, which is replaced as a whole",
            found=str(tensorboard),
            do="Name another folder.",
        )

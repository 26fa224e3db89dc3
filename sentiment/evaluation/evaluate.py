"""`sentiment evaluate`: scores candidate, stable and reference on the same rows of the frozen and the rolling set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from msgspec import UNSET

from sentiment.data.must_hold import Case, read_cases
from sentiment.data.posts import has_rows, read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError, NoSuchFile
from sentiment.estimation.record import estimates_file
from sentiment.estimation.record import keep as keep_estimate
from sentiment.evaluation import cases
from sentiment.evaluation.by_source import by_source
from sentiment.evaluation.comparing import compare
from sentiment.evaluation.evaluate_wording import told
from sentiment.evaluation.in_turn import costs_of, score, score_in_turn
from sentiment.evaluation.new_rows import NewRows, new_rows
from sentiment.evaluation.night import Fresh, confidence_of, fresh_of
from sentiment.model.encoder_process import computing
from sentiment.model.folder import read_card, strangers_encoder
from sentiment.progress import progress
from sentiment.results import record
from sentiment.results.evaluation import Evaluation, TestSets
from sentiment.serving.history import read_state
from sentiment.serving.records import prepared
from sentiment.serving.trained import reference_of, stable_of
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people

CASES = "must_hold"


class Model(NamedTuple):
    """A model folder to compare with, and its version; all are None where there is none."""

    folder: Path | None
    version: int | None = None
    export_bytes: int | None = None  # of what is served, as published


NONE = Model(None)


def evaluate(
    candidate: Path,
    stable: Model,
    sets: dict[str, list[Post]],
    reference: Model = NONE,
    must_hold: Sequence[Case] = (),
    fresh: Fresh | None = None,
    new: NewRows | None = None,
) -> Evaluation:
    """Scores the models on the sets `frozen` and `rolling`, and on cases. An empty set has no figures.

    A reference that is the stable model itself is named, and not scored twice. With `fresh`, stable's accuracy on the
    posts that are new to it is estimated before their labels are looked at. `new` are the candidate's new training
    rows.
    """
    other = reference.folder if reference.folder != stable.folder else None
    cards = [read_card(path) for path in (candidate, stable.folder, other) if path]
    if len({tuple(card.labels) for card in cards}) > 1:
        raise InputError(
            "candidate and stable must have the same labels",
            found=" and ".join("、".join(card.labels) for card in cards),
            do="Compare models with the same label set.",
        )
    said = " and ".join(f"{len(posts):,} {name}" for name, posts in sets.items())
    beside = f"stable {stable.folder}" if stable.folder else "no stable model"
    say(f"evaluate: {said} rows, candidate {candidate}, {beside}{f', reference {other}' if other else ''}")
    asked = sets | {CASES: [case.post for case in must_hold]}
    models = {"candidate": candidate, **({"stable": stable.folder} if stable.folder else {})}
    number = len(models) + (other is not None)
    with progress(number * sum(map(len, asked.values())), "evaluate") as line:
        scored = score_in_turn(models, asked, line)
        best = score("reference", other, asked, line).found if other else dict.fromkeys(asked)
    ours = scored["candidate"].found
    theirs = scored["stable"].found if stable.folder else dict.fromkeys(asked)
    found = {name: compare(posts, ours[name], theirs[name], best[name]) for name, posts in sets.items()}
    return Evaluation(
        candidate=str(candidate),
        stable=str(stable.folder) if stable.folder else None,
        stable_version=stable.version,
        labels=cards[0].labels,
        sets=TestSets(**found),
        reference=str(reference.folder) if reference.folder else None,
        reference_version=reference.version,
        must_hold=cases.compare(must_hold, ours[CASES], theirs[CASES], best[CASES]) if must_hold else UNSET,
        confidence=confidence_of(sets, ours, theirs, fresh),
        by_source=by_source(sets, ours, theirs, new),
        costs=costs_of(scored, stable.export_bytes),
    )


@click.command("evaluate")
@click.option("--run", "run_id", help="Evaluate this run's model against the stable one, on the run's test sets.")
@click.option("--candidate", type=click.Path(path_type=Path), help="The model folder to judge.")
@click.option("--stable", type=click.Path(path_type=Path), help="The model folder to compare it with.")
@click.option("--frozen", type=click.Path(path_type=Path), help="Labelled posts that never change (TSV).")
@click.option("--rolling", type=click.Path(path_type=Path), help="Recent labelled posts (TSV).")
@click.option("--must-hold", type=click.Path(path_type=Path), help="Cases that a new model must not break (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="Where to write the evaluation.")
@step
def command(
    run_id: str | None,
    candidate: Path | None,
    stable: Path | None,
    frozen: Path | None,
    rolling: Path | None,
    must_hold: Path | None,
    output: Path | None,
) -> Evaluation:
    """Score candidate, stable and reference side by side."""
    settings = read_settings()
    run = prepared(settings, run_id) if run_id else None
    beside, reference = Model(stable), NONE
    if run:
        candidate, frozen, rolling = candidate or run.model, frozen or run.frozen, rolling or run.rolling
        must_hold, output = must_hold or run.must_hold, output or run.result("evaluate")
        if stable is None:
            beside, reference = _stable(settings), Model(*reference_of(settings))
    if not (candidate and frozen and output):
        raise click.UsageError("give --run, or --candidate, --frozen and --output")
    labels = read_card(candidate).label_set
    if must_hold and must_hold != (run and run.must_hold) and not must_hold.is_file():
        raise NoSuchFile(must_hold, do="Correct --must-hold, or leave it out.")
    theirs = [strangers_encoder(path) for path in (candidate, beside.folder, reference.folder) if path]
    with computing(next(filter(None, theirs), None)):
        sets = {"frozen": read_posts(frozen, labels), "rolling": _rows_of_late(rolling, labels)}
        held = read_cases(must_hold, labels) if must_hold else []
        fresh = fresh_of(settings, run, beside.version, labels) if run and beside.version is not None else None
        new = new_rows(run.batch, labels) if run else None
        result = evaluate(candidate, beside, sets, reference, held, fresh, new)
    record.write(output, result)
    if result.confidence and result.confidence.night:
        keep_estimate(estimates_file(settings), result.confidence.night)
    if run and output != run.result("evaluate"):
        run.write(result)
    with to_people():
        say("\n".join(told(result)))
    return result


def _stable(settings: Settings) -> Model:
    folder, version = stable_of(settings)
    return NONE if version is None else Model(folder, version, read_state(settings).versions[version].size)


def _rows_of_late(path: Path | None, labels: Any) -> list[Post]:
    """Returns the rolling set, which starts empty: no file, or only a header, is not an error."""
    if path is None or not has_rows(path):
        return []
    return read_posts(path, labels)

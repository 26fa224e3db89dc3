"""`sentiment evaluate`: scores candidate and stable on the same rows of the frozen and the rolling test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from numpy.typing import NDArray

from sentiment.data.posts import has_rows, read_posts
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.estimation.record import estimates_file, keep
from sentiment.evaluation.night import Fresh, confidence_of, fresh_of
from sentiment.model.folder import open_model, read_card
from sentiment.model.metrics import measure
from sentiment.progress import progress
from sentiment.results import record
from sentiment.results.evaluation import Evaluation, Flip, Paired, TestSet, TestSets
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings
from sentiment.step import say, step

if TYPE_CHECKING:
    from tqdm import tqdm
from sentiment.model.batches import encode
from sentiment.serving.trained import stable_of

FLIPS_SHOWN = 20
Probabilities = NDArray[np.float32]


def evaluate(
    candidate: Path,
    stable: Path | None,
    stable_version: int | None,
    sets: dict[str, list[Post]],
    fresh: Fresh | None = None,
) -> Evaluation:
    """Scores both models on the sets `frozen` and `rolling`. An empty set has no figures.

    With `fresh`, stable's accuracy on the posts that are new to it is estimated before their labels are looked at.
    """
    cards = [read_card(path) for path in (candidate, stable) if path]
    if len({tuple(card.labels) for card in cards}) > 1:
        raise InputError(
            "candidate and stable must have the same labels",
            found=" and ".join("、".join(card.labels) for card in cards),
            do="Compare models with the same label set.",
        )
    rows = sum(map(len, sets.values()))
    said = " and ".join(f"{len(posts):,} {name}" for name, posts in sets.items())
    say(f"evaluate: {said} rows, candidate {candidate}, {f'stable {stable}' if stable else 'no stable model'}")
    with progress(rows * len(cards), "evaluate") as line:
        ours = score("candidate", candidate, sets, line)
        theirs = score("stable", stable, sets, line) if stable else dict.fromkeys(sets)
    return Evaluation(
        candidate=str(candidate),
        stable=str(stable) if stable else None,
        stable_version=stable_version,
        labels=cards[0].labels,
        sets=TestSets(**{name: compare(posts, ours[name], theirs[name]) for name, posts in sets.items()}),
        confidence=confidence_of(sets, ours, theirs, fresh),
    )


def score(side: str, folder: Path, sets: dict[str, list[Post]], line: tqdm[Any]) -> dict[str, Probabilities]:
    """Returns float32 [rows, labels] for each set; advances `line`, which then names side and set."""
    from sentiment.model.scoring import Scorer

    opened = open_model(folder)
    scorer, found = Scorer(opened.keras, opened.card.max_seq_length), {}
    for name, posts in sets.items():
        line.set_description_str(f"evaluate: {side}, {name}", refresh=False)
        found[name] = (
            scorer.probabilities(encode(opened.tokenizer, posts), line=line)
            if posts
            else np.zeros((0, len(opened.card.labels)), np.float32)
        )
    return found


def compare(posts: Sequence[Post], candidate: Probabilities, stable: Probabilities | None) -> TestSet:
    """Returns one set's part of the evaluation."""
    if not posts:
        return TestSet(rows=0, candidate=None, stable=None, paired=None, regressions=[], improvements=[])
    true = np.array([post.label for post in posts])
    right = candidate.argmax(axis=1) == true
    measured = measure(true, candidate)
    if stable is None:
        return TestSet(rows=len(posts), candidate=measured, stable=None, paired=None, regressions=[], improvements=[])
    stable_right = stable.argmax(axis=1) == true
    return TestSet(
        rows=len(posts),
        candidate=measured,
        stable=measure(true, stable),
        paired=Paired(
            both_right=int((right & stable_right).sum()),
            only_candidate=int((right & ~stable_right).sum()),
            only_stable=int((~right & stable_right).sum()),
            both_wrong=int((~right & ~stable_right).sum()),
        ),
        regressions=flips(posts, candidate, stable, ~right & stable_right),
        improvements=flips(posts, candidate, stable, right & ~stable_right),
    )


def flips(
    posts: Sequence[Post], candidate: Probabilities, stable: Probabilities, chosen: NDArray[np.bool_]
) -> list[Flip]:
    """Returns the `chosen` rows that the candidate is surest of, at most 20, the surest first."""
    confidence = candidate.max(axis=1)
    rows = sorted(np.flatnonzero(chosen).tolist(), key=lambda row: (-confidence[row], row))
    return [
        Flip(
            text=posts[row].text,
            title=posts[row].title,
            true=posts[row].label,
            stable=int(stable[row].argmax()),
            candidate=int(candidate[row].argmax()),
            confidence=round(min(1.0, float(confidence[row])), 6),
        )
        for row in rows[:FLIPS_SHOWN]
    ]


@click.command("evaluate")
@click.option("--run", "run_id", help="Evaluate this run's model against the stable one, on the run's test sets.")
@click.option("--candidate", type=click.Path(path_type=Path), help="The model folder to judge.")
@click.option("--stable", type=click.Path(path_type=Path), help="The model folder to compare it with.")
@click.option("--frozen", type=click.Path(path_type=Path), help="Labelled posts that never change (TSV).")
@click.option("--rolling", type=click.Path(path_type=Path), help="Recent labelled posts (TSV).")
@click.option("--output", type=click.Path(path_type=Path), help="Where to write the evaluation.")
@step
def command(
    run_id: str | None,
    candidate: Path | None,
    stable: Path | None,
    frozen: Path | None,
    rolling: Path | None,
    output: Path | None,
) -> Evaluation:
    """Score candidate and stable side by side."""
    settings = read_settings()
    run = RunFolder.named(settings, run_id) if run_id else None
    version: int | None = None
    if run:
        candidate, frozen, rolling = candidate or run.model, frozen or run.frozen, rolling or run.rolling
        output = output or run.result("evaluate")
        if stable is None:
            stable, version = stable_of(settings)
    if not (candidate and frozen and output):
        raise click.UsageError("give --run, or --candidate, --frozen and --output")
    labels = read_card(candidate).label_set
    sets = {"frozen": read_posts(frozen, labels), "rolling": _rows_of_late(rolling, labels)}
    fresh = fresh_of(settings, run, version, labels) if run and version is not None else None
    result = evaluate(candidate, stable, version, sets, fresh)
    record.write(output, result)
    if result.confidence and result.confidence.night:
        keep(estimates_file(settings), result.confidence.night)
    if run and output != run.result("evaluate"):
        run.write(result)
    return result


def _rows_of_late(path: Path | None, labels: Any) -> list[Post]:
    """Returns the rolling set, which starts empty: no file, or only a header, is not an error."""
    if path is None or not has_rows(path):
        return []
    return read_posts(path, labels)

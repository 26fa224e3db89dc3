"""`sentiment check`: measures a run's new posts before anything is trained on them.

Each check has a figure and two limits, `SENTIMENT_CHECK_<NAME>=warn,fail`. A figure above the second stops the run;
above the first it is a warning, which the person who approves the canary reads.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path

import click

from sentiment import atomic
from sentiment.checks import deliveries, doubles, drift, near, over_nights, suspects, texts
from sentiment.checks.verdict import judge, verdict
from sentiment.data import ledger as posts_ledger
from sentiment.data.identity import post_identity
from sentiment.data.ledger import Delivered
from sentiment.data.must_hold import read_cases
from sentiment.data.posts import each_post
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.language import recorded, tr
from sentiment.model import vocabulary
from sentiment.model.folder import VOCABULARY, read_card
from sentiment.results.deliveries import Check, Prepare
from sentiment.run_folder import RunFolder
from sentiment.serving.left_out_since import left_out_since
from sentiment.serving.records import unpublished
from sentiment.serving.retractions import Retracted, retracted_deliveries
from sentiment.settings import Limits, Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.text.harmless import visible_in_json

PREFIX = "check_"  # of the settings that hold the limits
MOST_ROWS = 50_000  # of one file; a larger one is sampled: the shares stay, the time does not grow
MOST_NEW_TESTS = 5_000  # a flood of variants of one text are all candidates of each other
SEED = 13


def check(run: RunFolder, settings: Settings) -> Check:
    """Measures the posts that `prepare` left for `run`; returns the verdict with every figure."""
    limits, labels, prepared = limits_of(settings), settings.label_set, run.read(Prepare)
    if prepared.nothing_new:
        raise InputError(f"run {run.name} must have new posts", found="none", do="Skip the check of this run.")
    new = sample(each_post(run.batch, labels) if prepared.new.rows else ())
    known = {post_identity(post.text, post.title) for post in new}
    trained = sample(each_post(run.train, labels))
    seen = [post for post in trained if post_identity(post.text, post.title) not in known]
    rolling = list(each_post(run.rolling, labels)) if prepared.rolling_rows else []
    held = (case.post for case in read_cases(run.must_hold, labels))
    tests = sample([*each_post(run.frozen, labels), *rolling, *held])
    # A run that an earlier version prepared has no such file.
    new_tests = sample(each_post(run.new_tests, labels) if prepared.new_test_rows else (), MOST_NEW_TESTS)
    stable = Path(prepared.warm_start) if prepared.warm_start else None
    card = read_card(stable) if stable else None
    say(f"check: {len(new):,} new posts, {len(seen):,} old ones, {len(tests):,} test texts, {len(new_tests):,} new")
    mark = (card.data.watermark or 0) if card else 0
    left_out = retracted_deliveries(settings.posts_database)
    delivered = _deliveries(settings, mark, {one.delivery for one in left_out})
    retracted = told_retracted([one for one in left_out if one.number > mark], mark, prepared)
    # A wrong label does harm on either side: a test set with wrong labels refuses what is right.
    wrong, found = suspects.suspects(sample([*new, *new_tests], suspects.MOST_ROWS), seen, labels)
    learned = (card.data.per_label or []) if card else []
    findings = [
        *deliveries.findings(delivered, prepared.newly_contested),
        *doubles.findings(prepared.doubles),
        texts.too_long(new),
        texts.with_control_characters(new),
        near.near_tests(new, tests),
        near.copies(new_tests, rolling),
        drift.class_shares(prepared.new.per_label, learned, labels),
        drift.vocabulary(new, seen) if stable else drift.no_stable(),
        texts.unknown_to(vocabulary.read(stable / VOCABULARY), new) if stable else texts.no_stable(),
        wrong,
        *over_nights.findings(settings, delivered, sample([*new, *new_tests]), seen),
    ]
    judged = [judge(finding, limits[finding.name]) for finding in findings]
    passed, sentence = verdict(judged)
    return Check(
        passed=passed,
        sentence=sentence,
        warnings=[*(found.sentence for found in judged if found.level == "warning"), *retracted],
        failed=[found.sentence for found in judged if found.level == "failed"],
        checks=judged,
        rows=len(new),
        suspects=len(found),
        suspects_file=str(write_suspects(run, found, labels)) if found else None,
        fingerprint=prepared.fingerprint,
        deliveries=sorted(
            {*prepared.deliveries, *(one.number for one in delivered)} - {one.number for one in left_out}
        ),
        classes=drift.classes_beside(prepared.new.per_label, learned, labels),
        characters=drift.characters_beside(new, seen) if stable else [],
    )


def sample(posts: Iterable[Post], most: int = MOST_ROWS) -> list[Post]:
    """Returns the posts in order; when there are more than `most`, a random sample of so many (reservoir sampling)."""
    kept: list[tuple[int, Post]] = []
    draw = random.Random(SEED)
    for number, post in enumerate(posts):
        if number < most:
            kept.append((number, post))
        elif (place := draw.randrange(number + 1)) < most:
            kept[place] = (number, post)
    return [post for _, post in sorted(kept, key=lambda item: item[0])]


def _deliveries(settings: Settings, mark: int, without: Collection[int]) -> list[Delivered]:
    """Returns the deliveries that arrived after the stable model's watermark, without those that are retracted."""
    with posts_ledger.opened(settings.posts_database) as ledger:
        return [one for one in ledger.deliveries() if one.number > mark and one.number not in without]


def told_retracted(retracted: Iterable[Retracted], mark: int, prepared: Prepare) -> list[str]:
    """Returns a warning for each delivery that was retracted since stable, whose watermark is `mark`."""
    return [_told_retracted(one, mark, prepared) for one in retracted]


def _told_retracted(one: Retracted, mark: int, prepared: Prepare) -> str:
    if left_out_since(prepared, [one]):
        return tr(
            "{sentence}. This run was prepared before, with its rows: start the night anew.", sentence=one.sentence
        )
    if one.delivery <= mark:
        return tr(
            "{sentence}. The stable version may have seen it; the candidate does not train on it again.",
            sentence=one.sentence,
        )
    return tr("{sentence}. Nothing of it is in this run.", sentence=one.sentence)


def limits_of(settings: Settings) -> dict[str, Limits]:
    """Returns the limits by the name of the check."""
    names = [field.name for field in fields(settings) if field.name.startswith(PREFIX)]
    return {name.removeprefix(PREFIX): getattr(settings, name) for name in names}


def write_suspects(run: RunFolder, found: list[suspects.Suspect], labels: Labels) -> Path:
    """Writes the posts whose label looks wrong, in the form that Label Studio imports; returns the file."""
    path = run.suspects
    tasks = suspects.label_studio_tasks(found, labels)
    atomic.write_text(path, visible_in_json(json.dumps(tasks, ensure_ascii=False, indent=1)) + "\n")
    return path


def table(result: Check) -> str:
    """Returns the checks, one line each, worst first, with their examples."""
    order = {"failed": 0, "warning": 1, "ok": 2, "not measured": 3}
    marks = {"failed": "✘", "warning": "!", "ok": "✔", "not measured": "–"}
    lines = []
    for check in sorted(result.checks, key=lambda check: order[check.level]):
        lines.append(f"  {marks[check.level]} {recorded(check.sentence)}")
        if check.level in ("failed", "warning"):
            lines += [f"      {texts.shown(example)}" for example in check.examples[:5]]
    said = {check.sentence for check in result.checks}
    lines += [f"  ! {recorded(warning)}" for warning in result.warnings if warning not in said]
    return "\n".join(lines)


@click.command("check")
@click.option("--run", required=True, help="The run whose new posts are checked, after `prepare`.")
@step
def command(run: str) -> Check:
    """Measure a run's new posts before anything is trained on them.

    Each check is a figure with two limits, SENTIMENT_CHECK_<NAME>=warn,fail. The result says whether all of them
    `passed`; the exit code is 0 either way, and Airflow ends the run when one failed.
    """
    settings = read_settings()
    folder = unpublished(settings, run)
    result = check(folder, settings)
    folder.write(result)
    with to_people():
        say(f"check: {recorded(result.sentence)}\n{table(result)}")
        if result.suspects_file:
            wrong = tr("posts whose label looks wrong, for Label Studio: {file}", file=result.suspects_file)
            say(f"check: {wrong}")
    return result

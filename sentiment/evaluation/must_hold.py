"""`sentiment must-hold`: shows how stable answers the cases that must hold, or adds a correction to them."""

from __future__ import annotations

import click

from sentiment.data import correction
from sentiment.data.must_hold import Case, file_of, of_home
from sentiment.evaluation.in_turn import score
from sentiment.labels import Labels
from sentiment.language import tr
from sentiment.progress import progress
from sentiment.serving.trained import stable_of
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people
from sentiment.text.harmless import visible

SHOWN = 60  # characters of a text, and of a title


@click.group("must-hold")
def command() -> None:
    """Show the cases that must hold, or add a correction to them.

    They are rows of datasets/old_sentiment/must_hold.tsv: a new model that breaks them is refused by the gate.
    """


def answers(settings: Settings, cases: list[Case]) -> tuple[int | None, list[int]]:
    """Returns the stable version and the label id that it gives each case; (None, []) before the first model."""
    folder, version = stable_of(settings)
    if folder is None or not cases:
        return version, []
    with progress(len(cases), "must-hold") as line:
        found = score("stable", folder, {"must_hold": [case.post for case in cases]}, line).found["must_hold"]
    return version, found.argmax(axis=1).tolist()


def told(cases: list[Case], version: int | None, said: list[int], labels: Labels) -> list[str]:
    """Returns one line a case, those that stable does not hold first, and how many it holds."""
    rows = sorted(zip(cases, said or [case.post.label for case in cases], strict=True), key=lambda row: _holds(*row))
    lines = [_line(case, label, labels) for case, label in rows]
    held = sum(_holds(case, label) for case, label in rows)
    counts = {"cases": f"{len(cases):,}", "fixed": f"{sum(case.fixed for case in cases):,}"}
    if not said:
        return [*lines, tr("{cases} cases, {fixed} may not change", **counts)]
    counts |= {"version": f"{version}", "held": f"{held:,}"}
    return [*lines, tr("{cases} cases, {fixed} may not change: version {version} holds {held}", **counts)]


def _holds(case: Case, said: int) -> bool:
    return said == case.post.label


def _line(case: Case, said: int, labels: Labels) -> str:
    answer = "" if _holds(case, said) else labels.names[said]
    post = " ｜ ".join(visible(part, SHOWN) for part in (case.post.title, case.post.text) if part)
    return f"  {_case(labels.names[case.post.label], answer, post, fixed=case.fixed)}"


def _case(label: str, answer: str, post: str, *, fixed: bool) -> str:
    """Returns a case in words; `answer` is stable's when that is another one."""
    if answer and fixed:
        return tr("{label} (may not change), stable says {answer}: {post}", label=label, answer=answer, post=post)
    if answer:
        return tr("{label}, stable says {answer}: {post}", label=label, answer=answer, post=post)
    if fixed:
        return tr("{label} (may not change): {post}", label=label, post=post)
    return tr("{label}: {post}", label=label, post=post)


@command.command("list")
@step
def listed() -> Result:
    """Show the cases, and which of them the stable model does not hold."""
    settings = read_settings()
    cases = of_home(settings)
    version, said = answers(settings, cases)
    with to_people():
        say("\n".join(told(cases, version, said, settings.label_set)))
    held = sum(map(_holds, cases, said)) if said else None
    return {
        "cases": len(cases),
        "fixed": sum(case.fixed for case in cases),
        "stable_version": version,
        "stable_holds": held,
    }


@command.command("add")
@click.option("--text", required=True, help="The post.")
@click.option("--label", required=True, help="Its true label: a number or a name of the label table.")
@click.option("--title", default="", help="The post's title, if it has one.")
@click.option("--fixed", is_flag=True, help="No new model may change this answer, once a stable model gives it.")
@click.option("--why", required=True, help="Why it must hold; the approver reads it.")
@step
def added(text: str, label: str, title: str, fixed: bool, why: str) -> Result:
    """Add a correction, in the place of the case with the same text and title if there is one.

    From the next run on its text is in no training rows.
    """
    settings = read_settings()
    case = correction.case_of(settings, text, label, title, fixed, why)
    replaced = correction.add(settings, case)
    name = settings.label_set.names[case.post.label]
    with to_people():
        say(_told_added(name, visible(case.post.text, SHOWN), replaced=replaced))
    return {"file": str(file_of(settings)), "replaced": replaced, "cases": len(of_home(settings))}


def _told_added(label: str, post: str, *, replaced: bool) -> str:
    if replaced:
        return tr("replaced: {label}: {post}", label=label, post=post)
    return tr("added: {label}: {post}", label=label, post=post)

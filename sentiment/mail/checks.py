"""What people hear of the checks: a mail when a check stops a run, warnings otherwise. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentiment.language import recorded, tr
from sentiment.mail.letter import Mail, letter
from sentiment.mail.retracting import how_to_retract
from sentiment.results.deliveries import Check, Prepare
from sentiment.run_folder import RunFolder

MOST_EXAMPLES = 10
MOST_DELIVERIES = 5


def warnings_of(run: RunFolder) -> list[str]:
    """Returns what a person should know of the new posts of `run`: which checks warned, or that none let them pass.

    It is said in the language spoken.

    An earlier version published runs whose check was marked as a success by hand.
    """
    if not run.result("check").is_file():
        return [tr("The new posts were not checked: this run has no result of `check`.")]
    check = run.read(Check)
    warnings = [recorded(warning) for warning in check.warnings]
    if check.passed:
        return warnings
    return [tr("The new posts failed their check: {verdict}", verdict=recorded(check.sentence)), *warnings]


def suspects_of(run: RunFolder) -> str | None:
    """Returns the file of the posts whose label looks wrong; None when there are none."""
    return run.read(Check).suspects_file if run.result("check").is_file() else None


def deliveries_of(run: RunFolder) -> list[int]:
    """Returns the deliveries that gave the run's new rows; [] when it is not known."""
    return run.read(Prepare).deliveries if run.result("prepare").is_file() else []


def where_from(deliveries: Iterable[int]) -> list[str]:
    """Returns how to see the deliveries that gave the new rows, the newest first."""
    shown = sorted(deliveries, reverse=True)[:MOST_DELIVERIES]
    return [tr("`sentiment ingest --report {number}` shows delivery {number}.", number=number) for number in shown]


def suspects_told(file: str | None) -> list[str]:
    """Returns what to do about posts whose label looks wrong."""
    if not file:
        return []
    return [tr("To correct labels that look wrong, import this file into Label Studio: {file}", file=file)]


def check_mail(check: Check, run: str, links: Mapping[str, str], deliveries: Iterable[int] = ()) -> Mail:
    """Returns the mail about new posts that failed a check; `check` is that step's result.

    `deliveries` are the numbers of those that gave the new posts.

    Links that do not lead to a web page are left out. Raises: ValueError when the checks passed.
    """
    if check.passed:
        raise ValueError("there is nothing to mail about: the checks passed")
    sections = {
        tr("What failed"): _told(check, "failed"),
        tr("What else was noticed"): _told(check, "warning"),
        tr("What happens now"): [*_what_now(check), *where_from(deliveries)],
    }
    lead = recorded(check.sentence)
    return letter(tr("Sentiment: nothing was trained. {lead}", lead=lead), lead, run, sections, links)


def _told(check: Check, level: str) -> list[str]:
    lines = []
    for found in check.checks:
        if found.level == level:
            lines.append(recorded(found.sentence))
            lines += [tr("for example: {post}", post=example) for example in found.examples[:MOST_EXAMPLES]]
    return lines


def _what_now(check: Check) -> list[str]:
    lines = [
        tr("The stable model keeps serving; nothing was trained."),
        tr(
            "The new posts are not lost: the next night's batch contains them. Correct the delivery's file and deliver "
            "it again (the newest label of a text wins), or change the limit (SENTIMENT_CHECK_…)."
        ),
        *how_to_retract(check.deliveries),
    ]
    return [*lines, *suspects_told(check.suspects_file)]

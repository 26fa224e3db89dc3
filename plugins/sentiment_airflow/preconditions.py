"""What must hold before a task does anything: the workflow has the run's Params, and earlier tasks left results.

Airflow itself takes a Param that no form has without a word, and a person can mark a task as a success that never ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from airflow.sdk import Context

from sentiment.errors import InputError
from sentiment.gate.thresholds import asked, configured, loosened, require_reason
from sentiment.language import tr
from sentiment.options.gate import LOOSEN_REASON
from sentiment_airflow.refusal import Refusal
from sentiment_airflow.runners.environment import step_settings

RESULT = "return_value"  # Airflow's key of what a task returned
NOBODYS = ("scheduled", "backfill")  # Airflow's types of runs that no person triggered
MOST_SHOWN, LONGEST_SHOWN = 5, 200  # names that no form has, in one sentence; characters of one
WHOEVER = "whoever triggered the run"


@contextmanager
def wrong_input_fails_at_once() -> Iterator[None]:
    """Fails the task, for good, when its input is wrong: another try would find the same."""
    try:
        yield
    except InputError as error:
        raise Refusal(str(error)) from error


def require_known_params(context: Context) -> None:
    """Fails the task, for good, when the run was triggered with a Param that its workflow does not have."""
    given = getattr(context.get("dag_run"), "conf", None) or {}
    known = {*context["dag"].params, *context["task"].params}
    if unknown := [name for name in given if name not in known]:
        raise Refusal(unknown_params(context["dag"].dag_id, unknown, known))


def require_somebody(context: Context) -> None:
    """Fails the task, for good, when a run that nobody triggered has Params of its own.

    A backfill gives them to a night's run, whose user is then unknown.
    """
    run = context.get("dag_run")
    given = getattr(run, "conf", None) or {}
    if given and getattr(run, "run_type", "") in NOBODYS:
        raise Refusal(
            tr(
                "a run that nobody triggered must have no Params of its own; found {quoted}. "
                "Trigger the workflow by hand, so that it is known who gave them.",
                quoted=f"{', '.join(sorted(given)[:MOST_SHOWN])!a:.200}",
            )
        )


def require_reason_to_loosen(context: Context) -> None:
    """Fails the task, for good, when the run's form has a limit looser than configured, and no reason for it.

    Each task of a retrain begins with this, so that nothing is done before, and a task that was marked as a success
    by hand is no way around it.
    """
    require_known_params(context)
    require_somebody(context)
    given = context["params"]
    with wrong_input_fails_at_once():
        standard = configured(step_settings())
        require_reason(loosened(asked(given, standard), standard), WHOEVER, given.get(LOOSEN_REASON.name))


def unknown_params(workflow: str, unknown: Iterable[str], known: Iterable[str]) -> str:
    """Returns the sentence about Params that a workflow does not have, with the nearest that it has."""
    names, unknown = sorted(known), list(unknown)
    shown = []
    for name in unknown[:MOST_SHOWN]:
        nearest = get_close_matches(name[:LONGEST_SHOWN], names, 1)
        quoted = f"{name[:LONGEST_SHOWN]!r:.60}"
        shown.append(tr("{quoted} (did you mean {name!r}?)", quoted=quoted, name=nearest[0]) if nearest else quoted)
    found = ", ".join([*shown, "…"] if len(unknown) > MOST_SHOWN else shown)
    if not names:
        return tr(
            "{workflow} must be given no Params; found {found}. Correct the names, and trigger it again.",
            workflow=workflow,
            found=found,
        )
    return tr(
        "{workflow} must be given Params of its form ({names}); found {found}. "
        "Correct the names, and trigger it again.",
        workflow=workflow,
        names=", ".join(names),
        found=found,
    )


def require_results(ti: Any, needed: Mapping[str, str]) -> None:
    """Fails the task `ti`, for good, unless each task of `needed` (task → key of its XCom) left its result."""
    for task, key in needed.items():
        if ti.xcom_pull(task_ids=task, key=key) is None:
            raise Refusal(
                tr(
                    "{name} must be given the result of {label}; found none: a task that is marked as a success by "
                    "hand leaves none. Clear {label}, so that it runs.",
                    name=ti.task_id,
                    label=task,
                )
            )

"""The question about a canary: its version, the run that made it, the comparison; and which older questions end."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context, task
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException

from sentiment.errors import InputError
from sentiment.gate.cautions import cautions
from sentiment.gate.year_checks import told_year
from sentiment.language import marked, recorded, tr
from sentiment.mail.approval_body import approval_body
from sentiment.mail.checks import warnings_of
from sentiment.probe.standing import standing
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.events import Published
from sentiment.results.record import as_json, decoded
from sentiment.results.serving import Question
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder, safe_name
from sentiment.serving import open_questions
from sentiment.serving.candidacy import candidacies
from sentiment.serving.history import read_events, read_state
from sentiment.serving.records import results_of
from sentiment.serving.state import State
from sentiment.serving.succession import superseded
from sentiment.settings import Settings
from sentiment_airflow.approval.four_eyes import barred
from sentiment_airflow.links import run_link, version_links
from sentiment_airflow.people import for_people
from sentiment_airflow.preconditions import wrong_input_fails_at_once
from sentiment_airflow.refusal import Refusal
from sentiment_airflow.steps import step_settings
from sentiment_airflow.workflows import CANARY, PROMOTE, RETRAIN, hours_to_answer

LONGEST_VERSION = 20  # digits, and one more

log = logging.getLogger(__name__)


@task
def describe(run_id: Any = None, triggering_asset_events: Any = None) -> dict[str, Any]:
    """Returns what is to be decided: the version, the run that made it, and the comparison in Markdown."""
    settings = step_settings()
    try:
        if (asked_about := open_questions.closed_version(settings, str(run_id))) is not None:
            require_canary(settings, asked_about)
        found = question(settings, list(triggering_asset_events[CANARY]) if triggering_asset_events else [])
        return dict(as_json(found))
    except InputError as error:
        raise Refusal(str(error)) from error
    except AirflowSkipException as superseded:
        log.warning("%s", superseded)  # Airflow folds away its own line about it
        open_questions.forget(settings, str(run_id))
        raise


@task
@wrong_input_fails_at_once()
def find_older(asked: dict[str, Any], run_id: Any = None, ti: Any = None) -> list[str]:
    """Returns the runs that ask about a version that is no longer the canary: they end.

    Questions of runs that Airflow does not know are forgotten: its database may have been replaced.
    """
    settings = step_settings()
    for asking in open_questions.read_questions(settings):
        if not ti.get_dr_count(dag_id=PROMOTE, run_ids=[asking]):
            open_questions.forget(settings, asking)
    about = decoded(asked, Question, "the question", "Clear the task describe.").version
    return open_questions.ask(settings, str(run_id), about)


def question(settings: Settings, events: list[Any]) -> Question:
    """Returns the question about the canary of the last event, or, without an event, about the present canary."""
    state = read_state(settings)
    if events:
        version, run_id = _named_in(events[-1].extra or {})
        links = {marked("The run that made it"): run_link(RETRAIN, run_id)}
        require_canary(settings, version)
        _require_its_run(version, run_id, state)
    elif state.canary is None:
        raise InputError("there must be a canary to decide about", found="none", do="Trigger sentiment_retrain.")
    else:
        version, run_id, links = state.canary, state.versions[state.canary].run, {}
    run = results_of(settings, state.versions[version])
    gate, warnings = run.read(Gate), warnings_of(run)
    _require_its_decision(settings, version, gate)
    body = _body(settings, version, run, links)
    return Question(
        version=version,
        run=run_id,
        body=body,
        verdict=gate.sentence,
        warnings=warnings,
        cautions=cautions(gate),
        year=told_year(gate),
        candidacy=candidacies(read_events(settings.history), version),
    )


def _named_in(extra: Mapping[str, Any]) -> tuple[int, str]:
    """Returns the version and the run that an event names. Raises: InputError when a person made it without them."""
    version, run = str(extra.get("version", "")), extra.get("run")
    if not (version.isascii() and version.isdecimal() and len(version) < LONGEST_VERSION and isinstance(run, str)):
        raise InputError(
            "an event about a canary must name its version and the run that made it",
            found=f"{dict(extra)!a:.200}",
            do="Trigger sentiment_promote by hand: it asks about the present canary.",
        )
    return int(version), run


def _body(settings: Settings, version: int, run: RunFolder, links: dict[str, str]) -> str:
    """Returns what a person reads before deciding, in the language of people; what it is made of is in English."""
    standing_now, may_not = standing(settings, version), barred(settings, version)
    with for_people():
        return approval_body(
            run.read(Gate),
            run.read(Prepare),
            version,
            version_links(version) | {tr(name): address for name, address in links.items()},
            warnings_of(run),
            validation=run.read(Validation) if run.result("validate").is_file() else None,
            standing=standing_now,
            hours=hours_to_answer(),
            barred=may_not,
            check=run.read(Check) if run.result("check").is_file() else None,
        )


class CloseQuestion(BaseOperator):
    """Restarts an older run of `sentiment_promote`, whose `describe` then finds that there is nothing to decide.

    Airflow's TriggerDagRunOperator does the same with `reset_dag_run`, but importing it takes as long as Airflow
    should need to read a whole workflow.
    """

    template_fields: Sequence[str] = ("asking",)

    def __init__(self, *, asking: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.asking = asking

    def execute(self, context: Context) -> None:
        raise DagRunTriggerException(
            trigger_dag_id=PROMOTE,
            dag_run_id=self.asking,
            conf=None,
            reset_dag_run=True,
            skip_when_already_exists=False,
            wait_for_completion=False,
            allowed_states=[],
            failed_states=[],
            poke_interval=60,
            deferrable=False,
        )


def _require_its_run(version: int, run_id: str, state: State) -> None:
    """Raises: InputError when an event names another run than the history: its figures would be another model's."""
    made_by = state.versions[version].run
    if safe_name(run_id) != made_by:
        raise InputError(
            f"an event about version {version} must name the run that made it, {made_by}",
            found=repr(run_id)[:120],
            do="Trigger sentiment_promote by hand: it asks about the present canary.",
        )


def _require_its_decision(settings: Settings, version: int, gate: Gate) -> None:
    """Raises: InputError when gate.json was written again since the version was published, with another decision."""
    events = read_events(settings.history)
    published = next((one for one in events if isinstance(one, Published) and one.version == version), None)
    if published is None or not published.metrics:  # published by hand, without a run
        return
    metrics = {name: found.candidate_accuracy for name, found in gate.sets.items()}
    if metrics != published.metrics or " ".join(gate.exceptions) != (published.exceptions or ""):
        raise InputError(
            f"the gate's decision in the folder of run {published.run} must be the one that version {version} was "
            "published with",
            found="another one, made since",
            do=f"Reject the version, or decide by hand: `sentiment promote --version {version}`.",
        )


def require_canary(settings: Settings, version: int) -> None:
    """Ends the run, and says why, when `version` is no longer the canary: nobody has to answer."""
    if why := superseded(version, read_state(settings), read_events(settings.history)):
        with for_people():
            raise AirflowSkipException(recorded(why))


@task
@wrong_input_fails_at_once()
def find_canary() -> int:
    """Returns the version of the canary; without a canary, the rest of the run is skipped."""
    canary = read_state(step_settings()).canary
    if canary is None:
        with for_people():
            raise AirflowSkipException(tr("there is no canary"))
    return canary

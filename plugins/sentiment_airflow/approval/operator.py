"""The approval of a canary: what is asked, who may answer, until when, and how the answer is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLBranchOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.hitl import HITLUser
from airflow.sdk.timezone import utcnow

from sentiment.language import tr
from sentiment.mail.approval import (
    NO_ANSWER,
    NOBODY,
    Asking,
    four_eyes_mail,
    reminder_mail,
    unreasoned_mail,
    waiting_mail,
)
from sentiment.mail.letter import Mail
from sentiment.options.gate import LONGEST_REASON
from sentiment.probe.standing import standing
from sentiment.results.record import as_json
from sentiment.results.serving import Answer, Question
from sentiment.serving import open_questions
from sentiment.settings import read_airflow_settings
from sentiment.text.invisible import is_blank
from sentiment_airflow.approval.four_eyes import barred, is_one_of
from sentiment_airflow.approval.options import (
    APPROVE,
    REJECT,
    decision_of,
    option_of,
    shown_options,
    subject_about,
)
from sentiment_airflow.approval.question import require_canary
from sentiment_airflow.notify.approval import QuestionNotifier
from sentiment_airflow.passed_on import pulled
from sentiment_airflow.people import for_people
from sentiment_airflow.preconditions import RESULT, require_results, wrong_input_fails_at_once
from sentiment_airflow.steps import step_settings
from sentiment_airflow.workflows import hours_to_answer

_QUESTION = "ti.xcom_pull(task_ids='describe')"
_ANSWER = "ti.xcom_pull(task_ids='approve', key='answer')"
VERSION, RUN, BODY = (f"{{{{ {_QUESTION}['{key}'] }}}}" for key in ("version", "run", "body"))
NEEDS_QUESTION = {"describe": RESULT}
NEEDS_DECISION = {**NEEDS_QUESTION, "approve": "answer"}
CANDIDACY = f"{{{{ {_QUESTION}.get('candidacy') or '' }}}}"
DECISION = {
    "version": VERSION,
    "candidacy": CANDIDACY,
    **{key: f"{{{{ {_ANSWER}['{key}'] }}}}" for key in ("who", "reason")},
}
LAST_PART = 0.25  # the reminder goes out when this share of the time to answer is left


class CanaryApproval(HITLBranchOperator):
    """Asks whether the canary that `describe` described may become stable, then runs `promote` or `withdraw`.

    No answer in time means Reject. An answer without a reason does not count, nor, with four eyes, an Approve by
    whoever made the canary: the question stays open. The answer is the XCom `answer`: {who, reason}, because a task
    that skips others has no return value. Airflow's ApprovalOperator does not fit: its Reject skips *every* task behind
    it, and a task that then runs all the same hides a failed `promote` from the run's state.
    """

    APPROVE, REJECT = APPROVE, REJECT

    def __init__(self, **kwargs: Any) -> None:
        # A task's own Params must be valid from the start, so "" is valid; Airflow's form does not let it be sent.
        reason = Param(
            "",
            type="string",
            maxLength=LONGEST_REASON,
            title=tr("Reason"),
            description=tr("Required for Approve and Reject. It is kept in the history with your name, and mailed."),
        )
        approve, reject = shown_options()
        super().__init__(
            subject=subject_about(VERSION),
            body=BODY,
            options=[approve, reject],
            options_mapping={approve: "promote", reject: "withdraw"},
            defaults=reject,
            params={"reason": reason},
            assigned_users=approvers(),
            response_timeout=timedelta(hours=hours_to_answer()),
            **kwargs,
        )

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        require_results(context["ti"], NEEDS_QUESTION)
        super().render_template_fields(context, jinja_env)

    def execute(self, context: Context) -> None:
        end = utcnow() + timedelta(hours=hours_to_answer())
        self._ask(context, waiting_mail, end, reminded=False)

    @wrong_input_fails_at_once()
    def execute_complete(self, context: Context, event: dict[str, Any], until: str = "", reminded: bool = True) -> Any:
        """Accepts the answer or asks again: Airflow calls this when somebody answered, and when the time ran out."""
        event = self._in_own_words(event)
        answer, end = read_answer(event), datetime.fromisoformat(until) if until else utcnow()
        if answer.who == NOBODY and not reminded and utcnow() < end:
            self._remind(context, end)
        if answer.who != NOBODY:
            self._require_counts(context, answer, event, end, reminded)
        open_questions.forget(step_settings(), str(context["run_id"]))
        context["ti"].xcom_push(key="answer", value=as_json(answer))
        # The form was read above. Airflow's check of it would fail on the empty reason of a time-out.
        return super().execute_complete(context, {**event, "params_input": {}})

    def _in_own_words(self, event: dict[str, Any]) -> dict[str, Any]:
        """Returns the event with its options as this workflow has them: it may have been asked in another language."""
        chosen = [option_of(decision_of(option), self.options) or option for option in event["chosen_options"]]
        return {**event, "chosen_options": chosen}

    def _remind(self, context: Context, end: datetime) -> None:
        """Sends the reminder and waits on; ends the run when the question needs no answer any more."""
        settings, version = step_settings(), pulled(context["ti"], "describe", Question).version
        require_canary(settings, version)
        hours, now = (end - utcnow()) / timedelta(hours=1), standing(settings, version)
        self._ask(context, lambda asking: reminder_mail(asking, hours, now), end, reminded=True)

    def _require_counts(
        self, context: Context, answer: Answer, event: dict[str, Any], end: datetime, reminded: bool
    ) -> None:
        """Asks again, when a person's answer does not count: it has no reason, or is not this person's to give."""
        who, chosen = answer.who, decision_of(event["chosen_options"][0])
        if not answer.reason:
            with for_people():
                told = tr(
                    "{who} chose {chosen} without a reason: nothing changes, and the question stays open",
                    who=who,
                    chosen=tr(chosen),
                )
                self.log.warning("%s", told)
            self._ask(context, lambda asking: unreasoned_mail(asking, who, tr(chosen)), end, reminded)
        version = pulled(context["ti"], "describe", Question).version
        if chosen == APPROVE and is_one_of(event["responded_by_user"], barred(step_settings(), version)):
            with for_people():
                told = tr(
                    "{who} made version {version}: four eyes, nothing changes, and the question stays open",
                    who=who,
                    version=version,
                )
                self.log.warning("%s", told)
            self._ask(context, lambda asking: four_eyes_mail(asking, who), end, reminded)

    def _ask(self, context: Context, write: Callable[[Asking], Mail], end: datetime, reminded: bool) -> None:
        """Opens the question (again), mails about it, and waits for the answer, the reminder or the end."""
        self.notifiers = [QuestionNotifier(write, end)]
        try:
            super().execute(context)  # also clears an answer that did not count
        except TaskAwaitingInput as waiting:
            wake = end if reminded else end - LAST_PART * timedelta(hours=hours_to_answer())
            raise TaskAwaitingInput(
                method_name=waiting.method_name,
                timeout=max(wake - utcnow(), timedelta(seconds=1)),
                kwargs={"until": end.isoformat(), "reminded": reminded},
            ) from None


def read_answer(event: dict[str, Any]) -> Answer:
    """Returns who decided and why ("" when they gave no reason); NOBODY when the time ran out."""
    who = event.get("responded_by_user")
    if not who:
        return Answer(who=NOBODY, reason=NO_ANSWER)
    given = (event.get("params_input") or {}).get("reason")
    reason = given.strip()[:LONGEST_REASON] if isinstance(given, str) else ""  # Airflow's API takes anything
    # Invisible characters are no reason.
    return Answer(who=str(who["name"] or who["id"]), reason="" if is_blank(reason) else reason)


def approvers() -> list[HITLUser] | None:
    """Returns who may answer: the Airflow user ids in SENTIMENT_APPROVERS (comma-separated); None: no restriction."""
    names = read_airflow_settings("approvers").approvers
    return [HITLUser(id=name, name=name) for name in names] or None

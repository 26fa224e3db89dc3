"""The approval of a canary: what is asked, and how the answer reads."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from airflow.providers.standard.operators.hitl import HITLBranchOperator
from airflow.sdk import Context, Param, task
from airflow.sdk.exceptions import AirflowFailException
from sentiment_steps import step_settings
from sentiment_workflows import CANARY, RETRAIN

from sentiment.checks.mail import warnings_of
from sentiment.errors import InputError
from sentiment.gate.approval import approval_body
from sentiment.run_folder import RunFolder
from sentiment.serving.history import read_state

_QUESTION = "ti.xcom_pull(task_ids='describe')"
_ANSWER = "ti.xcom_pull(task_ids='approve', key='answer')"
VERSION, RUN, BODY = (f"{{{{ {_QUESTION}['{key}'] }}}}" for key in ("version", "run", "body"))
DECISION = {"version": VERSION, **{key: f"{{{{ {_ANSWER}['{key}'] }}}}" for key in ("who", "reason")}}


class CanaryApproval(HITLBranchOperator):
    """Asks whether the canary that `describe` told of may become stable, then runs `promote` or `withdraw`.

    No answer in time is a Reject. The answer is the XCom `answer`: {who, reason}; a task that skips others has no
    return value. Airflow's ApprovalOperator would do but for its Reject, which skips *every* task behind it: whatever
    then runs after all hides a failed `promote` from the run's state.
    """

    APPROVE, REJECT = "Approve", "Reject"

    def __init__(self, **kwargs: Any) -> None:
        reason = Param(
            "",
            type=["null", "string"],
            maxLength=2000,
            title="Reason",
            description="Kept in the history, with your name.",
        )
        super().__init__(
            subject=f"Make version {VERSION} stable?",
            body=BODY,
            options=[self.APPROVE, self.REJECT],
            options_mapping={self.APPROVE: "promote", self.REJECT: "withdraw"},
            defaults=self.REJECT,
            params={"reason": reason},
            response_timeout=time_to_answer(),
            **kwargs,
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        context["ti"].xcom_push(key="answer", value=read_answer(event))
        return super().execute_complete(context, event)


def read_answer(event: dict[str, Any]) -> dict[str, str]:
    """Returns who decided and why; nobody, when time ran out."""
    who = event.get("responded_by_user")
    reason = (event.get("params_input") or {}).get("reason")
    if not who:
        return {"who": "nobody", "reason": "no answer in time"}
    return {"who": str(who["name"] or who["id"]), "reason": str(reason or "no reason given")}


def time_to_answer() -> timedelta:
    """Returns how long an approval waits: SENTIMENT_APPROVAL_HOURS, default a day."""
    return timedelta(hours=float(os.environ.get("SENTIMENT_APPROVAL_HOURS") or 24))


@task
def describe(triggering_asset_events: Any = None) -> dict[str, Any]:
    """Says what is to be decided: the version, the run that made it, and the comparison in Markdown."""
    try:
        return question(list(triggering_asset_events[CANARY]) if triggering_asset_events else [])
    except InputError as error:
        raise AirflowFailException(str(error)) from error


def question(events: list[Any]) -> dict[str, Any]:
    """Returns the question about the canary of the last event; without one, about the canary that there is now."""
    settings = step_settings()
    if events:
        version, run_id = int(events[-1].extra["version"]), str(events[-1].extra["run"])
        links = {"The run that made it": f"/dags/{RETRAIN}/runs/{quote(run_id)}"}
    else:
        state = read_state(settings)
        if state.canary is None:
            raise InputError("there must be a canary to decide about", found="none", do="Trigger sentiment_retrain.")
        version, run_id, links = state.canary, state.versions[state.canary].run, {}
    run = RunFolder.named(settings, run_id)
    body = approval_body(run.read("gate"), run.read("prepare"), version, links, warnings_of(run))
    return {"version": version, "run": run_id, "body": body}

"""The four acts: a first model, a better one, a refused one, and a rollback."""

from __future__ import annotations

import json
import math
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sentiment.client.credentials import credentials
from sentiment.demo.material import Material
from sentiment.demo.screen import Screen
from sentiment.demo.stack import USER, Stack
from sentiment.errors import SentimentError
from sentiment.language import speaking, tr
from sentiment.language.patterns import longest_literal
from sentiment.mail import subjects
from sentiment.mail.approval import awaits
from sentiment.models_page import OVERVIEW
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.results.training import Metrics
from sentiment.run_folder import RunFolder
from sentiment.serving.history import read_state
from sentiment.serving.servers import labelled_version, version_status
from sentiment.settings import AirflowSettings, language_of_people

RETRAIN, PROMOTE, ROLLBACK, APPROVAL = "sentiment_retrain", "sentiment_promote", "sentiment_rollback", "approve"
APPROVE = 0  # the place of that answer among those that a question offers, in whatever language
SCORE = "sentiment_score"
FINISHED = ("success", "failed")
SECONDS_FOR_A_RUN = 3600.0
# Airflow loses an answer that arrives while the asking task's process is still ending (up to 5 s), and asks again. No
# person is that quick.
SECONDS_TO_THINK = 7.0
VISIBLY = 0.03  # an accuracy difference on the rolling set that people notice
Result = dict[str, Any]


@dataclass
class Demo:
    """One demo: the processes, the data, and the screen that shows it."""

    stack: Stack
    material: Material
    screen: Screen
    conf: Result = field(default_factory=dict)  # the retrain form's values
    approves: bool = False
    scores: bool = False  # an archive, after each promotion

    @property
    def workflows(self) -> tuple[str, ...]:
        return (RETRAIN, PROMOTE, ROLLBACK, *((SCORE,) if self.scores else ()))

    def first_model(self) -> None:
        """Act 1: from the base data alone to a stable version."""
        self.screen.act("Act 1 · the first model: train on the base data, serve as canary, approve")
        self._wait_for_dags()
        run = self._retrain("act-1")
        self._decide(by_itself=True)  # a person would have nothing to compare it with
        version = read_state(self.stack.settings).stable
        gate = run.read(Gate)
        accuracy = gate.sets.frozen.candidate_accuracy
        mails = [self._mail(subject) for subject in (subjects.ASKED, subjects.APPROVED)]
        self.screen.claim(None not in mails, "a mail asked for the approval, and another reported it")
        self._done(f"version {version} answers customers, accuracy {accuracy:.3f} on {self.material.frozen_rows} rows")
        self._claim_served(version)

    def better_model(self) -> None:
        """Act 2: a night of new posts leads to a visibly better canary."""
        names = self.material.deliver_good(self.stack.settings)
        files = names[0] if len(names) == 1 else f"{len(names)} files, {names[0]} to {names[-1]}"
        self.screen.act(f"Act 2 · a night of new posts ({files}): stable has become stale, and retraining helps")
        before = read_state(self.stack.settings).stable
        run = self._retrain("act-2")
        rolling = run.read(Evaluation).sets.rolling
        assert rolling is not None  # the material has a rolling set
        old, new = _accuracy(rolling.stable), _accuracy(rolling.candidate)
        canary = read_state(self.stack.settings).canary
        self.screen.claim(
            new - old > VISIBLY,
            f"on {rolling.rows} recent posts, version {before} scores {old:.3f}, the candidate {new:.3f}",
        )
        self.screen.claim(
            canary is not None and self._labelled("canary") == canary and self._labelled("stable") == before,
            f"version {canary} is the canary, version {before} still answers customers",
        )
        approved = self._decide(by_itself=self.approves)
        now = read_state(self.stack.settings).stable
        self._done(f"version {now} answers customers" + ("" if approved else ": the canary was rejected"))
        self._claim_served(canary if approved else before)

    def refused_model(self) -> None:
        """Act 3: a poisoned delivery must not pass the gate, and a person must hear of it."""
        name = self.material.deliver_bad(self.stack.settings)
        self.screen.act(f"Act 3 · a poisoned night ({name} has wrong labels): the gate must refuse the candidate")
        before = read_state(self.stack.settings)
        run = self._retrain("act-3", expected="failed")
        gate, state = run.read(Gate), read_state(self.stack.settings)
        self._done(gate.sentence)
        self.screen.claim(not gate.passed, "the gate refused the candidate")
        mail = self._mail(subjects.NO_NEW_MODEL)
        self.screen.claim(mail is not None, f"a mail went to {mail['To'] if mail else 'nobody'}")
        if mail:
            self._show(mail)
        self.screen.claim(
            state.versions.keys() == before.versions.keys() and self._labelled("stable") == before.stable,
            f"nothing was published, version {before.stable} still answers customers",
        )

    def epilogue(self) -> None:
        """Shows the table of versions, and one sentence on which retraining helped."""
        self.screen.line()
        state = read_state(self.stack.settings)
        labels = {state.stable: "stable", state.canary: "canary", state.previous: "previous"}
        rows = [("version", "label", "frozen", "rolling (in act 2)", "what became of it")]
        scores = RunFolder.named(self.stack.settings, "act-2").read(Evaluation)
        for number, version in sorted(state.versions.items()):
            who = "stable" if number == scores.stable_version else "candidate"
            frozen, rolling = (
                f"{_accuracy(getattr(test_set, who)):.4f}" for test_set in (scores.sets.frozen, scores.sets.rolling)
            )
            rows.append((str(number), labels.get(number, "–"), frozen, rolling, version.condition))
        self.screen.table([*rows, ("refused", "–", *self._refused_scores(), "never published")])
        self._one_sentence(scores)

    def second_thoughts(self) -> None:
        """Act 4: one form in Airflow brings back the previous version."""
        state = read_state(self.stack.settings)
        if state.previous is None:
            return  # the canary was rejected, so there is no version to go back to
        self.screen.act(f"Act 4 · second thoughts: somebody rolls back from version {state.stable}")
        self.stack.api.trigger(ROLLBACK, "act-4", {"reason": "the demo shows a rollback"})
        ended = self._follow(ROLLBACK, "act-4")
        self._done(f"{ROLLBACK} ended as {ended}")
        self._claim_served(state.previous)
        mail = self._mail(subjects.ROLLED_BACK)
        self.screen.claim(mail is not None, f"a mail says so: {mail['Subject'] if mail else 'none came'}")

    def _refused_scores(self) -> tuple[str, str]:
        sets = RunFolder.named(self.stack.settings, "act-3").read(Evaluation).sets
        return f"{_accuracy(sets.frozen.candidate):.4f}", "–"

    def _one_sentence(self, scores: Evaluation) -> None:
        """Asks the running server's old and new version about the clearest improvement."""
        old, new = scores.stable_version, read_state(self.stack.settings).stable
        if new == old:
            return
        labels = self.stack.settings.label_set.names
        for post in scores.sets.rolling.improvements if scores.sets.rolling else ():
            said = {version: self._ask(post.text, f"versions/{version}") for version in (old, new)}
            if (said[old] != labels[post.true]) and (said[new] == labels[post.true]):
                break
        else:
            self.screen.claim(False, "the server gets some sentence right only in the new version")
            return
        self.screen.line()
        self.screen.claim(
            self._ask(post.text, "labels/stable") == labels[post.true],
            f"「{post.text}」 version {old} said {said[old]}; version {new} says {said[new]}, which is right",
        )

    def _ask(self, text: str, which: str) -> str:
        url = f"http://127.0.0.1:{self.stack.ports.rest}/v1/models/sentiment/{which}:predict"
        body = json.dumps({"signature_name": "text", "instances": [text]}).encode()
        headers = {"Content-Type": "application/json", **credentials().headers}
        request = urllib.request.Request(url, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(json.load(response)["predictions"][0]["label"])

    def _retrain(self, name: str, expected: str = "success") -> RunFolder:
        """Triggers the retrain workflow and follows it to its end."""
        api = self.stack.api
        api.trigger(RETRAIN, name, self.conf)
        state = self._follow(RETRAIN, name)
        if state != expected:
            raise SentimentError(f"run {name} must end as {expected}; it ended as {state}: {self._cause(name)}")
        return RunFolder.named(self.stack.settings, name)

    def _cause(self, name: str) -> str:
        """Returns why a run did not end as it should."""
        failed = [task for task, item in self.stack.api.tasks(RETRAIN, name).items() if item["state"] == "failed"]
        if failed == ["gate"]:
            refused: str = RunFolder.named(self.stack.settings, name).read(Gate).sentence
            return f"{refused} (--margin sets another margin)"
        return (
            f"failed tasks: {', '.join(failed) or 'none'}; their logs are in {self.stack.folder / 'airflow' / 'logs'}"
        )

    def _follow(self, dag: str, run: str, *, approve: bool = False) -> str:
        """Returns how a run ended; meanwhile shows what runs and, with `approve`, answers the question."""
        patience = math.inf if dag == PROMOTE and not approve else SECONDS_FOR_A_RUN  # a person may take their time
        deadline, asked_since = time.monotonic() + patience, None
        while time.monotonic() < deadline:
            state = self.stack.api.run_state(dag, run)
            if state in FINISHED:
                return state
            tasks = {task: item["state"] for task, item in self.stack.api.tasks(dag, run).items()}
            running = [task for task, task_state in tasks.items() if task_state == "running"]
            waiting = tasks.get(APPROVAL) == "awaiting_input"
            asked_since = (asked_since or time.monotonic()) if waiting else None
            if approve and asked_since and time.monotonic() - asked_since > SECONDS_TO_THINK:
                self.stack.api.answer(dag, run, APPROVAL, APPROVE, {"reason": "the demo approves by itself"})
                asked_since = None
            self.screen.live(
                ", ".join(running) or ("waiting for the approval" if waiting else "waiting for the scheduler")
            )
            self.stack.processes.check()
            time.sleep(0.5)
        raise SentimentError(f"run {run} of {dag} did not end within {patience:g} s; see {self.stack.folder / 'logs'}")

    def _decide(self, *, by_itself: bool) -> bool:
        """Waits until the canary's approval is answered and carried out; returns whether it was approved."""
        promote_run, asked_at = self._wait_for_question()
        if not by_itself:
            self._invite(asked_at)
        state = self._follow(PROMOTE, promote_run, approve=by_itself)
        if state != "success":
            raise SentimentError(f"run {promote_run} of {PROMOTE} failed; see Airflow's UI at {self.stack.api.address}")
        approved = str(self.stack.api.tasks(PROMOTE, promote_run)["promote"]["state"]) == "success"
        if by_itself and not approved:
            raise SentimentError(f"run {promote_run} of {PROMOTE} was approved but promoted nothing")
        return approved

    def _wait_for_question(self) -> tuple[str, datetime]:
        """Waits until a question is open; returns its run and when it was asked."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for question in self.stack.api.pending_approvals():
                task = question["task_instance"]
                if task["dag_id"] == PROMOTE and task["state"] == "awaiting_input":
                    return str(task["dag_run_id"]), datetime.fromisoformat(question["created_at"])
            self.screen.live("the canary is loaded; Airflow is preparing the approval")
            self.stack.processes.check()
            time.sleep(0.5)
        raise SentimentError(f"no approval appeared within 120 s; see Airflow's UI at {self.stack.api.address}")

    def _invite(self, asked_at: datetime) -> None:
        """Tells the person what waits, until when, and where it is answered."""
        canary = read_state(self.stack.settings).canary or 0
        until = asked_at + timedelta(hours=AirflowSettings().approval_hours)  # the demo's Airflow has the default
        self.screen.line(f"  It is your turn: {awaits(canary, until)}")
        self.screen.line("  Approve or reject it in Airflow, in the list of what waits:")
        self.screen.as_it_is(f"    {self.stack.api.address}/required_actions", bold=True)
        self.say_who()
        self.screen.line("  The Models page shows it beside the version that serves:")
        self.screen.as_it_is(f"    {self.stack.api.address}{OVERVIEW}", bold=True)
        self.screen.line("  The demo waits, and goes on with your answer. Ctrl-C ends it here.")

    def say_who(self) -> None:
        """Says as whom to sign in at an address of Airflow that was just shown."""
        self.screen.line(f"    user {USER}, password {self.stack.password}")

    def _wait_for_dags(self) -> None:
        deadline = time.monotonic() + 120
        api = self.stack.api
        while not all(api.dag_is_there(dag) for dag in self.workflows):
            if time.monotonic() > deadline:
                raise SentimentError(f"Airflow did not parse the workflows; see {self.stack.folder / 'logs'}")
            self.screen.live("Airflow is reading the workflows")
            self.stack.processes.check()
            time.sleep(0.5)
        for dag in self.workflows:
            api.unpause(dag)

    def _labelled(self, label: str) -> int | None:
        settings = self.stack.settings
        return labelled_version(settings.server_addresses[0], settings.model_name, label)

    def _claim_served(self, version: int | None) -> None:
        settings = self.stack.settings
        loaded = version is not None and version_status(settings.server_addresses[0], "sentiment", version)[0]
        self.screen.claim(
            loaded == "AVAILABLE" and self._labelled("stable") == version,
            f"the model server answers requests for `stable` with version {version}",
        )

    def _mail(self, subject: str) -> EmailMessage | None:
        """Waits for the mail with a subject of `sentiment.mail.subjects`; mails are in SENTIMENT_LANGUAGE."""
        with speaking(language_of_people()):
            return self.stack.mailbox.wait_for(longest_literal(tr(subject)), seconds=20)

    def _done(self, sentence: str) -> None:
        self.screen.line(f"  {sentence} ({self.screen.seconds:.0f} s)")

    def _show(self, mail: EmailMessage) -> None:
        body = mail.get_body(preferencelist=("plain", "html"))
        text = body.get_content() if body else ""
        self.screen.line(f"    ┌ {mail['Subject']}")
        for line in text.strip().splitlines()[:18]:
            self.screen.line(f"    │ {line}")
        self.screen.line(f"    └ the whole mail: {self.stack.mailbox.files()[-1]}")


def _accuracy(found: Metrics | None) -> float:
    """Returns the accuracy; 0 of a set without rows."""
    return found.accuracy if found else 0.0

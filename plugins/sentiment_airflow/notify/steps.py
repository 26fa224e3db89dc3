"""The workflows' mails about steps: failures, regressions, exports that must not be served, servers, rollbacks."""

from __future__ import annotations

from itertools import takewhile
from typing import cast

from airflow.sdk import Context

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.mail import failure as failure_mail
from sentiment.mail.checks import check_mail, deliveries_of, suspects_of, warnings_of
from sentiment.mail.experiment import experiment_mail
from sentiment.mail.fall import fall_mail
from sentiment.mail.letter import Mail
from sentiment.mail.quiet_nights import is_due, quiet_mail, quiet_nights
from sentiment.mail.regression import regression_mail
from sentiment.mail.rollback import rollback_mail
from sentiment.mail.served import differs_mail, over_mail
from sentiment.mail.withdrawal import withdrawn_mail
from sentiment.probe.decision import UNREACHABLE
from sentiment.probe.record import probes_file, read_probes
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.evaluation import Evaluation
from sentiment.results.experiment import ExperimentTable
from sentiment.results.probe import Watch
from sentiment.results.served import Served
from sentiment.results.serving import Outcome
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder
from sentiment.settings import read_airflow_settings
from sentiment_airflow.links import experiment_link, log_link, refusal_links, version_links
from sentiment_airflow.notify.notifier import MailNotifier
from sentiment_airflow.passed_on import pulled
from sentiment_airflow.steps import StepOperator, StepRefused, step_settings


class StepFailureNotifier(MailNotifier):
    """Mails which step failed, the cause in one line, and where the log is."""

    def compose(self, context: Context) -> Mail:
        """Returns the mail about the failed task of `context`."""
        ti = context["ti"]
        cause = " ".join(str(context.get("exception") or failure_mail.NO_CAUSE).split())
        failure = failure_mail.Failure(ti.dag_id, ti.run_id, ti.task_id, ti.try_number, cause)
        return failure_mail.failure_mail(failure, log_link(ti.log_url))


class RegressionNotifier(StepFailureNotifier):
    """Mails what regressed, by how much and on which texts; any other failure of the gate is mailed as a failure."""

    def compose(self, context: Context) -> Mail:
        if not isinstance(context.get("exception"), StepRefused):
            return super().compose(context)
        run = RunFolder.named(step_settings(), str(context["run_id"]))
        links = refusal_links(run, context["ti"].log_url)
        return regression_mail(run.read(Gate), run.name, run.read(Prepare), links, warnings_of(run), suspects_of(run))


class CheckNotifier(StepFailureNotifier):
    """Mails which check of the new posts stopped the run, and on which texts; other failures are mailed as failures."""

    def compose(self, context: Context) -> Mail:
        if not isinstance(context.get("exception"), StepRefused):
            return super().compose(context)
        run = RunFolder.named(step_settings(), str(context["run_id"]))
        return check_mail(run.read(Check), run.name, refusal_links(run, context["ti"].log_url), deliveries_of(run))


class FallNotifier(MailNotifier):
    """Mails, once in four weeks, that stable has become worse than allowed; it is an `on_success_callback`."""

    def compose(self, context: Context) -> Mail | None:
        confidence = RunFolder.named(step_settings(), str(context["run_id"])).read(Evaluation).confidence
        if confidence is None or confidence.night is None:
            return None
        night = confidence.night
        return fall_mail(night, {**log_link(context["ti"].log_url), **version_links(night.version)})


class ValidationNotifier(StepFailureNotifier):
    """Mails why an export must not be served; any other failure is mailed as a failure."""

    def compose(self, context: Context) -> Mail:
        if not isinstance(context.get("exception"), StepRefused):
            return super().compose(context)
        run = RunFolder.named(step_settings(), str(context["run_id"]))
        return failure_mail.validation_mail(run.read(Validation), run.name, refusal_links(run, context["ti"].log_url))


class ExperimentNotifier(StepFailureNotifier):
    """Mails which trainings of an experiment failed, and why; any other failure is mailed as a failure."""

    def compose(self, context: Context) -> Mail:
        exception = context.get("exception")
        if not isinstance(exception, StepRefused):
            return super().compose(context)
        run = str(context["run_id"])
        links = {tr("The experiment on the Models page"): experiment_link(run), **log_link(context["ti"].log_url)}
        return experiment_mail(exception.told(ExperimentTable), run, links)


class QuietNightsNotifier(MailNotifier):
    """Mails that there were no new posts, every SENTIMENT_NOTHING_NEW_NIGHTS nights (default 3; 0: never).

    It is an `on_skipped_callback`.
    """

    def compose(self, context: Context) -> Mail | None:
        settings, every = step_settings(), read_airflow_settings("nothing_new_nights").nothing_new_nights
        nights = quiet_nights(settings.runs)
        if not is_due(len(nights), every):
            return None
        return quiet_mail(nights, settings.source_folder, str(context["run_id"]), log_link(context["ti"].log_url))


class WithdrawalNotifier(StepFailureNotifier):
    """Mails why a canary was withdrawn; mails about servers that do not answer only once, when that begins."""

    def compose(self, context: Context) -> Mail:
        exception = context.get("exception")
        if not isinstance(exception, StepRefused):
            return super().compose(context)
        ti = context["ti"]
        watch = exception.told(Watch)
        links = {**log_link(ti.log_url), **version_links(watch.version or None)}
        return withdrawn_mail(watch, ti.run_id, links, step_settings().label_set.names)

    def notify(self, context: Context) -> None:
        if not isinstance(context.get("exception"), StepRefused) and self._is_told(context):
            self.log.info("Not mailed again: the servers have not answered since an earlier run")
            return
        super().notify(context)

    def _is_told(self, context: Context) -> bool:
        """Tells whether an earlier run failed for the same reason; each try of this run has its own line on record."""
        try:
            probes = read_probes(probes_file(step_settings()))
        except InputError:  # the mail reports a wrong setting
            return False
        streak = list(takewhile(lambda probe: probe.outcome == UNREACHABLE, reversed(probes)))
        same = bool(streak) and all(reason in str(context.get("exception")) for reason in streak[0].reasons)
        return same and len(streak) > context["ti"].try_number


class DiffersNotifier(StepFailureNotifier):
    """Mails, once for each occurrence, that servers differ from the history; other failures are mailed as failures."""

    def compose(self, context: Context) -> Mail:
        exception = context.get("exception")
        if not isinstance(exception, StepRefused):
            return super().compose(context)
        ti = context["ti"]
        return differs_mail(exception.told(Served), ti.run_id, log_link(ti.log_url))


class OverNotifier(MailNotifier):
    """Mails that servers which had differed serve again what the history says; it is an `on_success_callback`."""

    def compose(self, context: Context) -> Mail | None:
        ti = context["ti"]
        return over_mail(pulled(ti, ti.task_id, Served), ti.run_id, log_link(ti.log_url))


class RollbackNotifier(MailNotifier):
    """Mails that somebody went back to an earlier version; it is an `on_success_callback`."""

    def compose(self, context: Context) -> Mail:
        ti, step = context["ti"], cast(StepOperator, context["task"])
        result, asked = pulled(ti, ti.task_id, Outcome), step.options
        links = {**log_link(ti.log_url), **version_links(result.stable)}
        return rollback_mail(result, asked["who"], asked["reason"], ti.run_id, links)

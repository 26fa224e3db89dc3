"""One `sentiment VERB` as one Airflow task.

Airflow adds schedule, retries and approval. The step itself says whether it went well: its result file becomes the
task's XCom, and its exit code decides about retries. Its runner (SENTIMENT_RUNNER) runs it as a process, in a container
or in a pod.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from sentiment.language import tr
from sentiment.results.record import decoded
from sentiment.run_folder import RunFolder
from sentiment.settings.runner import DOCKER, LOCAL, read_runner_settings
from sentiment.text.defanged import unlinked
from sentiment.text.invisible import is_blank
from sentiment_airflow.claim import claim
from sentiment_airflow.people import for_people
from sentiment_airflow.preconditions import require_results, wrong_input_fails_at_once
from sentiment_airflow.refusal import Refusal
from sentiment_airflow.runners.environment import bucket_environment, step_command, step_environment, step_settings
from sentiment_airflow.runners.local import LocalRunner
from sentiment_airflow.runners.step import Ended, Runner, StepCommand, StepLog, read_result

__all__ = ["StepOperator", "StepRefused", "step_environment", "step_settings"]
T = TypeVar("T")
REFUSED_INPUT = 2  # the exit code that says: another try would change nothing


class StepRefused(Refusal):
    """The step ended well, but its result says that the run must not continue."""

    def __init__(self, sentence: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.result = dict(result or {})

    def told(self, kind: type[T]) -> T:
        """Returns the step's result by its type. Raises: InputError when it is of another."""
        return decoded(self.result, kind, "the step's result", "Clear the task.")


class StepOperator(BaseOperator):
    """Runs `sentiment VERB --run=… --option=value …` and returns its result.

    :param verb: the step.
    :param options: option name → value, both without dashes; an option whose value renders to nothing is left out,
        and True is the option alone.
    :param needs: tasks whose results `options` is made of, with the keys of their XComs; without one the step fails.
    :param required: names of options without which the step does not start; Airflow's form can be bypassed.
    :param form: names of Params that are passed on as options of the same name when they are filled in; a yes-or-no
        Param is passed on as the option alone.
    :param run: whose run folder holds the result.
    :param pass_run: whether the verb takes `--run`.
    :param skip_when: a key of the result; when it is true, the rest of the run is skipped.
    :param fail_unless: a key of the result; when it is false, the task fails for good with the result's `sentence`.
    :param fail_when: a key of the result; when it is true, the task fails in the same way.
    :param reads_bucket: whether the step gets the bucket's credentials.
    :param returns: a key of the result whose value becomes the task's XCom: a list to map other tasks over.
    :param page: returns the address of the page that shows the outcome of a run; the result gets it as `page` and at
        the end of its sentence.
    :param event_keys: keys of the result that go, with the run, into the events of the task's asset outlets.
    """

    template_fields: Sequence[str] = ("run", "options")
    ui_color = "#e8f3ec"

    def __init__(
        self,
        *,
        verb: str,
        options: Mapping[str, Any] | None = None,
        needs: Mapping[str, str] | None = None,
        required: Iterable[str] = (),
        form: Iterable[str] = (),
        run: str = "{{ run_id }}",
        pass_run: bool = True,
        skip_when: str = "",
        fail_unless: str = "",
        fail_when: str = "",
        reads_bucket: bool = False,
        returns: str = "",
        page: Callable[[str], str] | None = None,
        event_keys: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.verb, self.run, self.pass_run = verb, run, pass_run
        self.options = options if options is not None else {}  # no copy: Airflow renders no mapped value, which it
        self.form, self.event_keys = tuple(form), tuple(event_keys)  # knows by its identity
        self.skip_when, self.fail_unless, self.fail_when = skip_when, fail_unless, fail_when
        self.required, self.reads_bucket, self.returns = tuple(required), reads_bucket, returns
        self.page, self.needs = page, dict(needs or {})
        self._runner: Runner | None = None
        self._killed = False

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Fills in the templates; one about a result that is not there would end in Jinja's traceback, and retries."""
        require_results(context["ti"], self.needs)
        super().render_template_fields(context, jinja_env)

    @wrong_input_fails_at_once()
    def execute(self, context: Context) -> Any:
        self._require_options()
        step = self.step(context)
        if self.pass_run:
            claim(step.result_file.parent, self.dag_id, self.run)
        step.result_file.unlink(missing_ok=True)  # an earlier try's
        try:
            ended, last_line = self._run(step, context)
            result = self._result(step, ended)
        finally:
            step.result_file.unlink(missing_ok=True)
        self._raise_for_end(ended, unlinked(str(result.get("error") or last_line), step_settings().server_addresses))
        result = self._with_page(result)
        try:
            self._raise_for_result(result)
        except StepRefused:
            self._keep(result, context)
            raise
        self._announce(result, context)
        return result[self.returns] if self.returns else result

    def step(self, context: Context) -> StepCommand:
        """Returns what to run. Mapped tasks of one run have a result file each."""
        settings = step_settings()
        index = getattr(context.get("ti"), "map_index", -1)
        mapped = f"-{index}" if index >= 0 else ""
        result_file = RunFolder.named(settings, self.run).result(f".{self.verb}-task{mapped}")
        return StepCommand(
            verb=self.verb,
            arguments=(*self.arguments(context.get("params", {})), f"--result={result_file}"),
            environment=step_environment(os.environ, self.verb),
            credentials=bucket_environment(os.environ) if self.reads_bucket else {},
            home=settings.home,
            result_file=result_file,
            identity={"dag": self.dag_id, "task": self.task_id, "run": self.run, "map-index": str(index)},
            reads_bucket=self.reads_bucket,
            one_run_at_a_time=getattr(self.get_dag(), "max_active_runs", None) == 1,
        )

    def arguments(self, params: Mapping[str, Any]) -> list[str]:
        """Returns the verb and its options, each with its value in one argument, so that no value becomes an option."""
        run = {"run": self.run} if self.pass_run else {}
        form = {name: params.get(name) for name in self.form}
        given = {**run, **self.options, **form}
        filled = {name: value for name, value in given.items() if value not in (None, "") and value is not False}
        return [self.verb, *(_argument(name, value) for name, value in filled.items())]

    def _require_options(self) -> None:
        for name in self.required:
            if is_blank(_printable(self.options.get(name, ""))):
                raise Refusal(
                    tr(
                        "{label} must be given a {name}; found none. Trigger the workflow again and fill it in.",
                        label=self.verb,
                        name=name,
                    )
                )

    def on_kill(self) -> None:
        self._killed = True
        if self._runner:
            self._runner.stop()

    def _run(self, step: StepCommand, context: Context) -> tuple[Ended, str]:
        """Logs what the step says; returns how it ended and its last line that was not the result."""
        self._runner = runner_of(step, os.environ, context)
        log = StepLog(self.log, step.result_file, step_settings().server_addresses)
        self.log.info("%s", self._runner.shown())
        try:
            return self._runner.run(log), log.last
        except Exception as error:
            if self._killed:
                raise self._stopped() from error
            raise

    def _result(self, step: StepCommand, ended: Ended) -> dict[str, Any]:
        """Returns what the step left; of a step that failed, a result that cannot be read counts as none."""
        try:
            return read_result(step.result_file)
        except ValueError as error:
            if ended.code:
                return {}
            raise Refusal(
                tr("{name} must leave its result as a JSON object; found {quoted}", name=self.verb, quoted=error)
            ) from error

    def _stopped(self) -> AirflowException:
        return AirflowException(tr("{name} was stopped", name=self.verb))

    def _raise_for_end(self, ended: Ended, cause: str) -> None:
        if ended.code == 0:
            return
        if self._killed:
            raise self._stopped()
        if ended.code == REFUSED_INPUT:
            raise Refusal(cause or tr("{name} refused its input without a message", name=self.verb))
        raise AirflowException(ended.told(self.verb, cause))

    def _raise_for_result(self, result: Mapping[str, Any]) -> None:
        if not result:
            raise Refusal(tr("{name} ended well but left no result", name=self.verb))
        for key in filter(None, (self.skip_when, self.fail_unless, self.fail_when, self.returns, *self.event_keys)):
            if key not in result:
                raise Refusal(
                    tr(
                        "{name} must leave {label!r} in its result; found {quoted}",
                        name=self.verb,
                        label=key,
                        quoted=sorted(result),
                    )
                )
        if self.skip_when and result[self.skip_when]:
            raise AirflowSkipException(f"{self.verb}: {self.skip_when.replace('_', ' ')}")
        if self.fail_unless and not result[self.fail_unless]:
            raise StepRefused(str(result.get("sentence") or f"{self.verb}: not {self.fail_unless}"), result)
        if self.fail_when and result[self.fail_when]:
            raise StepRefused(str(result.get("sentence") or f"{self.verb}: {self.fail_when}"), result)

    def _with_page(self, result: dict[str, Any]) -> dict[str, Any]:
        if self.page is None or not result:
            return result
        address = self.page(self.run)
        with for_people():
            self.log.info("%s", tr("The outcome is shown at {page}", page=address))
        told = tr("{told} See its page: {page}", told=result.get("sentence", ""), page=address).strip()
        return {**result, "page": address, "sentence": told}

    def _keep(self, result: Mapping[str, Any], context: Context) -> None:
        """Makes the result the task's XCom although the task fails: the result says why."""
        if (ti := context.get("ti")) is not None:
            ti.xcom_push(key="return_value", value=dict(result))

    def _announce(self, result: Mapping[str, Any], context: Context) -> None:
        extra = {"run": self.run, **{key: result[key] for key in self.event_keys}}
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = extra


def runner_of(step: StepCommand, environment: Mapping[str, str], context: Context) -> Runner:
    """Returns the runner that SENTIMENT_RUNNER names, without importing the libraries of the others."""
    settings = read_runner_settings(environment)
    if settings.runner == LOCAL:
        return LocalRunner(step, step_command(environment))
    if settings.runner == DOCKER:
        from sentiment_airflow.runners.docker import DockerRunner

        return DockerRunner(step, settings)
    from sentiment_airflow.runners.kubernetes import KubernetesRunner

    return KubernetesRunner(step, settings, context)


def _argument(name: str, value: Any) -> str:
    """Returns an option with its value; the items of a list are joined with commas."""
    option = f"--{name.replace('_', '-')}"
    return option if value is True else f"{option}={_printable(value)}"


def _printable(value: Any) -> str:
    """Returns a form's value as text that an argument can hold: no NUL, no half characters, and 3.0 as an integer."""
    if isinstance(value, list):
        return ",".join(map(_printable, value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).replace("\0", "").encode(errors="replace").decode()

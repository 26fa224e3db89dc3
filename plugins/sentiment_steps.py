"""One `sentiment VERB` as one Airflow task.

Airflow adds schedule, retries and approval; what a step does, and whether it went well, is the step's own affair:
its result file is the task's XCom, its exit code decides about retries.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook, BaseOperator, Context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)
from process_group import ProcessGroup

from sentiment.run_folder import RunFolder
from sentiment.settings import CHECKOUT, READ_ELSEWHERE, Settings, read_settings

# A step has its own environment: Airflow's packages would break it, and Airflow's secrets are none of its business.
AIRFLOWS_OWN = ("AIRFLOW", "_AIRFLOW", "__AIRFLOW", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
REFUSED_INPUT = 2  # the exit code that says: trying again changes nothing


class StepRefused(AirflowFailException):
    """The step was done, and its result says that the run must not go on."""

    def __init__(self, sentence: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.result = dict(result or {})


class StepOperator(BaseOperator):
    """Runs `sentiment VERB --run=… --option=value …` and returns its result.

    :param verb: the step.
    :param options: option name → value, both without dashes; a value that renders to nothing leaves the option out.
    :param required: names of options without which the step is not started; Airflow's form can be passed by.
    :param form: names of Params that are passed on as options of the same name, when they are filled in; of a
        yes-or-no one the option alone.
    :param run: whose run folder holds the result.
    :param pass_run: whether the verb takes `--run`.
    :param skip_when: a key of the result; when it is true, the rest of the run is skipped.
    :param fail_unless: a key of the result; when it is false, the task fails with the result's `sentence`, for good.
    :param fail_when: a key of the result; when it is true, the task fails likewise.
    :param reads_bucket: whether the step is given the bucket's credentials.
    :param event_keys: keys of the result that go, with the run, into the events of the task's asset outlets.
    """

    template_fields: Sequence[str] = ("run", "options")
    ui_color = "#e8f3ec"

    def __init__(
        self,
        *,
        verb: str,
        options: Mapping[str, str] | None = None,
        required: Iterable[str] = (),
        form: Iterable[str] = (),
        run: str = "{{ run_id }}",
        pass_run: bool = True,
        skip_when: str = "",
        fail_unless: str = "",
        fail_when: str = "",
        reads_bucket: bool = False,
        event_keys: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.verb, self.run, self.pass_run = verb, run, pass_run
        self.options, self.form, self.event_keys = dict(options or {}), tuple(form), tuple(event_keys)
        self.skip_when, self.fail_unless, self.fail_when = skip_when, fail_unless, fail_when
        self.required, self.reads_bucket = tuple(required), reads_bucket
        self._process: ProcessGroup | None = None
        self._killed = False

    def execute(self, context: Context) -> dict[str, Any]:
        self._require_options()
        environment = step_environment(os.environ) | (bucket_environment(os.environ) if self.reads_bucket else {})
        result_file = RunFolder.named(step_settings(), self.run).result(f".{self.verb}-task")
        result_file.unlink(missing_ok=True)  # an earlier try's
        command = [step_command(os.environ), *self.arguments(context.get("params", {})), f"--result={result_file}"]
        try:
            code, last_line = self._run(command, environment, result_file)
            result = _read_result(result_file)
        finally:
            result_file.unlink(missing_ok=True)
        self._raise_for_exit_code(code, str(result.get("error") or last_line))
        self._raise_for_result(result)
        self._announce(result, context)
        return result

    def arguments(self, params: Mapping[str, Any]) -> list[str]:
        """Returns the verb and its options, each with its value in one argument: no value can become an option."""
        run = {"run": self.run} if self.pass_run else {}
        form = {name: params.get(name) for name in self.form}
        given = {**run, **self.options, **form}
        filled = {name: value for name, value in given.items() if value not in (None, "") and value is not False}
        return [self.verb, *(_argument(name, value) for name, value in filled.items())]

    def _require_options(self) -> None:
        for name in self.required:
            if not _printable(self.options.get(name, "")).strip():
                raise AirflowFailException(
                    f"{self.verb} must be given a {name}; found none. Fill it in, and try again."
                )

    def on_kill(self) -> None:
        self._killed = True
        if self._process:
            self._process.stop()

    def _run(self, command: Sequence[str], environment: Mapping[str, str], result_file: Path) -> tuple[int, str]:
        """Logs what the command says, and returns its exit code and the last line that was not its result."""
        self.log.info("%s", " ".join(command))
        last: deque[str] = deque([""], maxlen=1)
        self._process = ProcessGroup(command, environment)
        try:
            for line in self._process.lines():
                if not _is_result(line, result_file):
                    self.log.info("%s", line)
                    last.append(line)
            return self._process.wait(), last[0].strip()
        finally:
            self._process.close()

    def _raise_for_exit_code(self, code: int, cause: str) -> None:
        if code == 0:
            return
        if self._killed:
            raise AirflowException(f"{self.verb} was stopped")
        if code == REFUSED_INPUT:
            raise AirflowFailException(cause or f"{self.verb} refused its input and did not say why")
        ended = f"was killed by signal {code - 128}" if code > 128 else f"ended with exit code {code}"
        raise AirflowException(f"{self.verb} {ended}: {cause or 'it did not say why'}")

    def _raise_for_result(self, result: Mapping[str, Any]) -> None:
        if not result:
            raise AirflowFailException(f"{self.verb} ended well but left no result")
        for key in filter(None, (self.skip_when, self.fail_unless, self.fail_when, *self.event_keys)):
            if key not in result:
                raise AirflowFailException(f"{self.verb} must leave {key!r} in its result; found {sorted(result)}")
        if self.skip_when and result[self.skip_when]:
            raise AirflowSkipException(f"{self.verb}: {self.skip_when.replace('_', ' ')}")
        if self.fail_unless and not result[self.fail_unless]:
            raise StepRefused(str(result.get("sentence") or f"{self.verb}: not {self.fail_unless}"), result)
        if self.fail_when and result[self.fail_when]:
            raise StepRefused(str(result.get("sentence") or f"{self.verb}: {self.fail_when}"), result)

    def _announce(self, result: Mapping[str, Any], context: Context) -> None:
        extra = {"run": self.run, **{key: result[key] for key in self.event_keys}}
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = extra


def step_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a step: everything but what belongs to Airflow."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(AIRFLOWS_OWN) and name not in READ_ELSEWHERE
    }


def bucket_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the Airflow connection that SENTIMENT_BUCKET_CONNECTION names, as boto3's own variables; {} without one.

    Its login and password are the key; its extra may hold `endpoint_url`, `region_name` and `aws_session_token`.
    """
    name = environment.get("SENTIMENT_BUCKET_CONNECTION")
    if not name:
        return {}
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise AirflowFailException(
            f"SENTIMENT_BUCKET_CONNECTION must name an Airflow connection; found none called {name!r}. Add or unset it."
        ) from None
    extra = connection.extra_dejson
    found = {
        "AWS_ACCESS_KEY_ID": connection.login,
        "AWS_SECRET_ACCESS_KEY": connection.password,
        "AWS_SESSION_TOKEN": extra.get("aws_session_token"),
        "AWS_ENDPOINT_URL": extra.get("endpoint_url"),
        "AWS_DEFAULT_REGION": extra.get("region_name"),
    }
    return {variable: str(value) for variable, value in found.items() if value}


def step_settings() -> Settings:
    """Returns the settings that a step started from here would read."""
    return read_settings(step_environment(os.environ))


def step_command(environment: Mapping[str, str]) -> str:
    """Returns the path of `sentiment` in the trainer environment: SENTIMENT_COMMAND, or the checkout's `.venv`."""
    command = environment.get("SENTIMENT_COMMAND") or str(CHECKOUT / ".venv" / "bin" / "sentiment")
    if not os.access(command, os.X_OK):
        raise AirflowFailException(
            f"the steps' command must be an executable file; found none at {command}. "
            "Run `make setup`, or name it in SENTIMENT_COMMAND."
        )
    return command


def _argument(name: str, value: Any) -> str:
    option = f"--{name.replace('_', '-')}"
    return option if value is True else f"{option}={_printable(value)}"


def _printable(value: Any) -> str:
    """Returns a form's value as text that an argument can hold: no NUL, no half characters."""
    return str(value).replace("\0", "").encode(errors="replace").decode()


def _is_result(line: str, result_file: Path) -> bool:
    """Tells whether a line is the JSON object with which a step ends its stdout: the log need not repeat it."""
    if not line.startswith("{"):
        return False
    try:
        return bool(json.loads(line) == _read_result(result_file))
    except ValueError:
        return False


def _read_result(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result

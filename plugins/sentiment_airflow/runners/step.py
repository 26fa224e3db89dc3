"""What every runner takes and returns: a step as data, and how the step ended.

A runner only runs a step: the StepOperator says what to run and judges the result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sentiment.language import marked, tr
from sentiment.text.defanged import unlinked

# What a container gets from Airflow's environment. The rest belongs to another machine: PATH, HOME, LD_LIBRARY_PATH.
LIBRARIES = ("HF_", "HUGGING_FACE_", "HUGGINGFACE_", "TF_", "TFHUB_", "TRANSFORMERS_")
PASSED_ON = ("SENTIMENT_", *LIBRARIES)
PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy"})
CODE = marked("{name} ended with exit code {code}: {cause}")
CODE_OUT_OF_MEMORY = marked(
    "{name} ended with exit code {code}, out of memory (raise SENTIMENT_RUNNER_MEMORY, or use a smaller batch): {cause}"
)
SIGNAL = marked("{name} was killed by signal {signal}: {cause}")
SIGNAL_OUT_OF_MEMORY = marked(
    "{name} was killed by signal {signal}, out of memory (raise SENTIMENT_RUNNER_MEMORY, or use a smaller batch): "
    "{cause}"
)
PERHAPS_OUT_OF_MEMORY = marked("{name} was killed by signal {signal}, perhaps out of memory: {cause}")
KILLED = 128 + 9  # the exit code after KILL; if nobody stopped the step, most often the kernel did, for its memory


@dataclass(frozen=True)
class StepCommand:
    """One `sentiment VERB` with everything that it needs."""

    verb: str
    arguments: tuple[str, ...]  # after `sentiment`: the verb, its options, `--result=…`
    environment: Mapping[str, str] = field(repr=False)  # for a process on this machine, without Airflow's own
    credentials: Mapping[str, str] = field(repr=False)  # the bucket's, only for the step that reads the bucket
    home: Path  # SENTIMENT_HOME
    result_file: Path  # below `home`
    identity: Mapping[str, str]  # the same for every try of one task instance, and for no other
    reads_bucket: bool = False
    one_run_at_a_time: bool = False  # whether its workflow is so; then, what another run left may be removed


@dataclass(frozen=True)
class Ended:
    """How a step ended: its exit code (128 + n if signal n ended it) and whether it ran out of memory."""

    code: int
    out_of_memory: bool | None = None  # None: unknown

    def told(self, verb: str, cause: str) -> str:
        """Returns the sentence about a step that ended so; `cause` is what it said, "" when it said nothing."""
        told = {"name": verb, "code": self.code, "signal": self.code - 128, "cause": cause or tr("it left no message")}
        return tr(self._sentence(), **told)

    def _sentence(self) -> str:
        if self.code <= 128:
            return CODE_OUT_OF_MEMORY if self.out_of_memory else CODE
        if self.out_of_memory is False and self.code == KILLED:
            return PERHAPS_OUT_OF_MEMORY
        return SIGNAL_OUT_OF_MEMORY if self.out_of_memory else SIGNAL


class Runner(Protocol):
    """Runs one step once."""

    def shown(self) -> str:
        """Returns what is started, for the log, without the environment, which holds the secrets."""

    def run(self, log: StepLog) -> Ended:
        """Runs the step to its end, logs its output as it comes, and leaves nothing of it behind."""

    def stop(self) -> None:
        """Ends the step. It is called in a signal handler, at any moment of `run`."""


class StepLog:
    """Writes a step's lines to the task's log, except for the result, which becomes the task's XCom.

    A line may quote what strangers wrote, and Airflow's page of the log makes links of addresses: only of our `own`.
    """

    def __init__(self, logger: logging.Logger | Any, result_file: Path, own: Sequence[str] = ()) -> None:
        self._logger, self._result_file, self._own = logger, result_file, own
        self.last = ""  # the last line that was not the result

    def write(self, line: str) -> None:
        if shown := self.shown(line):
            self._logger.info("%s", shown)

    def shown(self, line: str) -> str:
        """Returns a line as the log has it, and remembers it; "" when it does not belong there."""
        if not line.strip() or self._is_result(line):
            return ""
        self.last = line.strip()
        return unlinked(line, self._own)

    def _is_result(self, line: str) -> bool:
        if not line.startswith("{"):
            return False
        try:
            return bool(json.loads(line) == read_result(self._result_file))
        except ValueError:
            return False


def read_result(path: Path) -> dict[str, Any]:
    """Returns the result that a step left; {} when it left none. Raises: ValueError when it is no JSON object."""
    if not path.is_file():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(result, dict):
        raise ValueError(f"a {type(result).__name__}")
    return result


def container_environment(step: StepCommand) -> dict[str, str]:
    """Returns the environment of the step's container: the system's settings, the libraries' and the step's secrets."""
    kept = {name: value for name, value in step.environment.items() if _is_passed_on(name)}
    own = {"SENTIMENT_HOME": str(step.home), "HOME": "/tmp"}  # in the image, Airflow's user has no home
    return {"HF_HOME": str(step.home / ".cache" / "huggingface")} | kept | own | dict(step.credentials)


def _is_passed_on(name: str) -> bool:
    return name.startswith(PASSED_ON) or name.lower() in PROXIES

"""A step as a process on the machine of Airflow's worker."""

from __future__ import annotations

from sentiment_airflow.runners.process_group import ProcessGroup
from sentiment_airflow.runners.step import Ended, StepCommand, StepLog


class LocalRunner:
    """Runs a step with the trainer environment's command `sentiment`, in a process group of its own."""

    def __init__(self, step: StepCommand, sentiment: str) -> None:
        self._command = [sentiment, *step.arguments]
        self._environment = {**step.environment, **step.credentials}
        self._process: ProcessGroup | None = None

    def shown(self) -> str:
        return " ".join(self._command)

    def run(self, log: StepLog) -> Ended:
        self._process = ProcessGroup(self._command, self._environment)
        try:
            for line in self._process.lines():
                log.write(line)
            return Ended(self._process.wait())
        finally:
            self._process.close()

    def stop(self) -> None:
        if self._process:
            self._process.stop()

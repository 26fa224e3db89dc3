"""A step as a container on a Docker engine, by Airflow's DockerOperator.

The container sees SENTIMENT_HOME at the same path as Airflow, so that every path in a result holds on both sides; it
runs as Airflow's user, so that Airflow can read what it writes. Its labels name its task instance: by them, the next
try finds and removes a container that a killed worker left behind; so does the same task of the next run, if the
workflow has one run at a time.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import cached_property, partial
from typing import Any

from airflow.providers.docker.exceptions import DockerContainerFailedException
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowException
from docker.errors import APIError, NotFound  # type: ignore[import-not-found]
from docker.types import DeviceRequest  # type: ignore[import-not-found]

from sentiment.language import tr
from sentiment.settings import RunnerSettings, Settings
from sentiment.settings.declaration import declarations
from sentiment_airflow.refusal import Refusal
from sentiment_airflow.runners.confinement import CONFINED
from sentiment_airflow.runners.container import HOME_LABEL, LABEL, engines_home, is_folder, mounts
from sentiment_airflow.runners.settings import gpus_for, size_in_bytes
from sentiment_airflow.runners.step import Ended, StepCommand, StepLog, container_environment

WRITING = {"backup": "backup_folder", "score": "scores", "compare-scores": "scores"}  # the setting that names where
GRACE_SECONDS = 2  # between TERM and KILL. Airflow gives a task 5 s before it kills the task itself

logger = logging.getLogger(__name__)


class StepContainer(DockerOperator):
    """A DockerOperator that confines its container, leaves it for inspection, and passes its lines to a StepLog."""

    step_log: StepLog | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(auto_remove="never", mount_tmp_dir=False, do_xcom_push=False, **options)

    @property
    def log(self) -> Any:
        return ContainerLog(self.step_log) if self.step_log else logger

    @cached_property
    def cli(self) -> Any:
        """The engine's client. The operator has no options for confinement, so its host configuration is completed.

        It reads what a container writes as one stream, in which the two outputs may meet within a line.
        """
        engine = self.hook.api_client
        engine.create_host_config = confined(engine.create_host_config)
        engine.attach = attached_by_lines(engine.attach)
        return engine

    def start(self) -> None:
        """Runs the container to its end. Airflow wants a task of this class as caller; the sentinel satisfies it."""
        self.execute({}, **{f"{type(self).__name__}__sentinel": ExecutorSafeguard.sentinel_value})


class ContainerLog:
    """Stands in for the operator's logger: bare lines are the container's; everything else is about the engine."""

    def __init__(self, step_log: StepLog) -> None:
        self._step_log = step_log

    def info(self, text: str, *values: Any) -> None:
        if text == "%s":
            for line in str(values[0]).split("\r"):  # a progress bar rewrites its line
                self._step_log.write(line)
        else:
            logger.info(text, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(logger, name)


class DockerRunner:
    """Runs a step in a container of the trainer's image."""

    def __init__(self, step: StepCommand, settings: RunnerSettings) -> None:
        self._step, self._settings = step, settings
        self._operator = step_container(step, settings)
        self._ended = False

    def shown(self) -> str:
        return f"In a container of {self._settings.image}: sentiment {' '.join(self._step.arguments)}"

    def run(self, log: StepLog) -> Ended:
        self._operator.step_log = log
        self._require_engine()
        try:
            self._remove_leftovers()
            with suppress(DockerContainerFailedException):  # its exit code is judged elsewhere
                self._operator.start()
            state = self._operator.cli.inspect_container(self._operator.container["Id"])["State"]
            return Ended(state["ExitCode"], out_of_memory=state["OOMKilled"])
        except APIError as error:
            raise self._refusal(error) from error
        finally:
            self._ended = True
            if self._operator.container:
                self._remove(self._operator.container["Id"])
            self._operator.cli.close()

    def stop(self) -> None:
        if self._ended:
            return
        if self._operator.container is None:
            raise AirflowException(f"{self._step.verb} was stopped before its container existed")
        # A connection of its own: the signal may have interrupted a call on the other one.
        with closing(step_container(self._step, self._settings).cli) as engine, suppress(NotFound):
            engine.stop(self._operator.container["Id"], timeout=GRACE_SECONDS)

    def _remove_leftovers(self) -> None:
        filters = {"label": [f"{name}={value}" for name, value in leftovers(self._step, self._settings).items()]}
        for left in self._operator.cli.containers(all=True, filters=filters):
            logger.info("Removing the container %s that an earlier try or run left", left["Names"][0].lstrip("/"))
            self._remove(left["Id"])

    def _remove(self, container: str) -> None:
        try:
            self._operator.cli.remove_container(container, force=True, v=True)
        except NotFound:
            pass
        except APIError as error:
            logger.warning("The container %s could not be removed: %s", container[:12], error.explanation)

    def _require_engine(self) -> None:
        try:
            assert self._operator.cli
        except AirflowException as error:
            raise AirflowException(
                f"a Docker engine must answer at {self._operator.docker_url}; found none. Start it, give Airflow's "
                "user access to it, or name another engine in DOCKER_HOST."
            ) from error

    def _refusal(self, error: APIError) -> AirflowException:
        """Returns the engine's refusal as one line; a refusal that no retry would change fails for good."""
        kind = Refusal if error.is_client_error() else AirflowException
        if not self._operator.cli.images(name=self._settings.image):
            return kind(
                tr(
                    "the engine must have the image {name}, or find it in a registry; found neither ({quoted}). Run "
                    "`make build_images`, or name another image in SENTIMENT_RUNNER_IMAGE.",
                    name=self._settings.image,
                    quoted=error.explanation,
                )
            )
        return kind(
            tr(
                "the Docker engine must run a container for {name}; it said: {quoted}",
                name=self._step.verb,
                quoted=error.explanation,
            )
        )


def confined(create_host_config: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the function with which the host configuration of every container is a confined one."""
    return partial(create_host_config, **CONFINED)


def attached_by_lines(attach: Callable[..., Any]) -> Callable[..., Iterator[bytes]]:
    """Returns the function that reads a container's two outputs, and yields each line whole."""
    return lambda **options: whole_lines(attach(**options, demux=True))


def whole_lines(frames: Iterable[tuple[bytes | None, bytes | None]]) -> Iterator[bytes]:
    """Yields the lines of two outputs that come in pieces, each with its end; what has no end comes last."""
    begun = [b"", b""]
    for frame in frames:
        for which, piece in enumerate(frame):
            *lines, begun[which] = (begun[which] + (piece or b"")).split(b"\n")
            yield from (line + b"\n" for line in lines)
    yield from (rest + b"\n" for rest in begun if rest)


def step_container(step: StepCommand, settings: RunnerSettings) -> StepContainer:
    """Returns the operator of the step's container."""
    gpus = gpus_for(settings, step.arguments)
    return StepContainer(
        task_id=step.verb,
        image=settings.image,
        container_name=f"sentiment-{step.verb}-{uuid.uuid4().hex[:12]}",
        command=list(step.arguments),
        private_environment=container_environment(step),
        user=f"{os.getuid()}:{os.getgid()}",
        working_dir=str(step.home),
        mounts=mounts(step.home, settings, written(step)),
        network_mode=settings.network,
        mem_limit=size_in_bytes(settings.memory),
        shm_size=size_in_bytes(settings.shm),
        device_requests=[DeviceRequest(count=gpus, capabilities=[["gpu"]])] if gpus else None,
        labels=labels(step, settings),
    )


def written(step: StepCommand) -> list[str]:
    """Returns the folders beside the home that the step writes to."""
    setting = WRITING.get(step.verb)
    folder = step.environment.get(declarations(Settings)[setting].variable, "") if setting else ""
    return [folder] if is_folder(folder) else []


def labels(step: StepCommand, settings: RunnerSettings) -> dict[str, str]:
    """Returns the labels of this task instance's containers; they name the home, as homes may share an engine."""
    known = {f"{LABEL}{name}": value for name, value in step.identity.items()}
    return {HOME_LABEL: engines_home(step.home, settings), **known}


def leftovers(step: StepCommand, settings: RunnerSettings) -> dict[str, str]:
    """Returns the labels of containers that must be leftovers if they exist when the step starts."""
    others = {f"{LABEL}run"} if step.one_run_at_a_time else set()
    return {name: value for name, value in labels(step, settings).items() if name not in others}

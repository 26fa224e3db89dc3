"""Ray Data as the engine: every actor holds a copy of the model, and reads and writes its portions itself.

What a worker or a node that died was doing is done again by another: Ray starts the actor anew and gives it the portion
once more, and the actor finds the shards that are written. A portion at which one worker after the other dies ends the
run. Only a line for each shard travels to the driver.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import ray
from ray.data import ActorPoolStrategy, DataContext
from ray.exceptions import RayTaskError

from sentiment import disk
from sentiment.errors import InputError, UnavailableError
from sentiment.results.record import as_json
from sentiment.scoring.engine import Engine, require_answering, unreachable
from sentiment.scoring.scorer import answers_of, packed_model, unpack_model
from sentiment.scoring.shards import Portion
from sentiment.scoring.work import Job, Outcome, Worker
from sentiment.text.harmless import LONGEST_FILE_NAME, visible
from sentiment.text.units import counted

SECONDS_FOR_A_NODE, SECONDS_BETWEEN_LOOKS = 20, 0.5
MOST_DEATHS = 4  # at one portion: nodes come and go, but at one post a model may crash each time
PORTIONS_AHEAD = 2  # that an actor has, with the one it does: it never waits for the driver


class Tries:
    """An actor that counts how often each portion was begun: a worker that dies at one does not say so."""

    def __init__(self) -> None:
        self._times: Counter[bytes] = Counter()

    def again(self, portion: bytes) -> int:
        self._times[portion] += 1
        return self._times[portion]


class Scoring:
    """An actor: a worker with a model of its own."""

    def __init__(self, job: bytes, model: Any, tries: Any, batch_size: int, threads: int | None) -> None:
        self._tries = tries
        self._folder = tempfile.TemporaryDirectory(prefix="sentiment-model-")
        unpack_model(ray.get(model), Path(self._folder.name))
        answers = answers_of(Path(self._folder.name), batch_size, threads)
        self._worker = Worker(msgspec.json.decode(job, type=Job), answers)

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for portion in batch["portion"]:
            try:
                self._require_few_deaths(portion)
                for outcome in self._worker.outcomes(msgspec.json.decode(portion, type=Portion)):
                    yield _row(outcome=msgspec.json.encode(outcome))
            except InputError as error:
                yield _row(refusal=str(error).encode(), code=error.exit_code)
            except OSError as error:
                if not (refusal := disk.refusal(error)):
                    raise
                yield _row(refusal=str(refusal).encode(), code=refusal.exit_code)

    def _require_few_deaths(self, portion: bytes) -> None:
        if ray.get(self._tries.again.remote(portion)) > MOST_DEATHS:
            file = msgspec.json.decode(portion, type=Portion).file
            raise UnavailableError(
                f"a worker must get through {visible(file.name, LONGEST_FILE_NAME)}",
                found=f"{MOST_DEATHS} that died there",
                do="Look for what ended them, such as too little memory, or a model that crashes at a post; --engine"
                " local says more of it. The same command goes on with what is not scored.",
            )


def _row(outcome: bytes = b"", refusal: bytes = b"", code: int = 0) -> dict[str, Any]:
    values: dict[str, list[Any]] = {"outcome": [outcome], "refusal": [refusal], "code": [code]}
    return {name: np.array(value, dtype=object if name != "code" else None) for name, value in values.items()}


def on_ray(engine: Engine, job: Job, model: Path, portions: list[Portion]) -> Iterator[Outcome]:
    """Yields the outcomes of all portions as they come. Raises: UnavailableError when the cluster does not answer."""
    _connect(engine)
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # it says an error with the stack, too
    cpus = max(1, engine.threads or 1)
    _require_room(engine, cpus)
    actors = engine.actors or max(1, int(ray.cluster_resources().get("CPU", 1)) // cpus)
    actors = min(actors, len(portions))
    tries = ray.remote(Tries).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
    kept = ray.put(packed_model(model))  # held as long as an actor may begin anew
    asked = [{"portion": msgspec.json.encode(portion)} for portion in portions]
    found = ray.data.from_items(asked, override_num_blocks=len(asked)).map_batches(
        Scoring,
        batch_size=1,
        batch_format="numpy",
        compute=ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=PORTIONS_AHEAD),
        num_cpus=cpus,
        num_gpus=engine.gpus or None,
        fn_constructor_kwargs={
            "job": msgspec.json.encode(as_json(job)),
            "model": kept,
            "tries": tries,
            "batch_size": engine.batch_size,
            "threads": engine.threads,
        },
    )
    try:
        for row in found.iter_rows():
            if row["refusal"]:
                raise _refused(row)
            yield msgspec.json.decode(row["outcome"], type=Outcome)
    except RayTaskError as error:
        raise error.cause from None  # TensorFlow's own, as from the other engine
    finally:
        ray.shutdown()  # while the cluster is there: a driver that outlives it ends with an error


def _refused(row: dict[str, Any]) -> InputError:
    """Returns the line that an actor said, with its exit code."""
    error = (UnavailableError if row["code"] == UnavailableError.exit_code else InputError)("", found="", do="")
    error.args = (row["refusal"].decode(),)
    return error


def _require_room(engine: Engine, cpus: int) -> None:
    """Raises: InputError when no node can hold one copy of the model: Ray would wait for such a node for ever.

    A cluster that has just begun may get its nodes in a moment.
    """
    deadline = time.monotonic() + (SECONDS_FOR_A_NODE if engine.address else 0)
    while not any(_has_room(node, engine.gpus, cpus) for node in ray.nodes()):
        if time.monotonic() >= deadline:
            largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
            raise InputError(
                f"a node of Ray must have {counted(cpus, 'processor')} and {engine.gpus:g} GPUs for the model",
                found=f"nodes with at most {counted(int(largest), 'processor')}",
                do="Lower --threads or --gpus, or add such a node.",
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _has_room(node: dict[str, Any], gpus: float, cpus: int) -> bool:
    has = node["Resources"]
    return bool(node["Alive"] and has.get("CPU", 0) >= cpus and has.get("GPU", 0) >= gpus)


def _connect(engine: Engine) -> None:
    if ray.is_initialized():
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": True}
    try:
        if engine.address:
            require_answering(engine.address)
            ray.init(address=engine.address, **quiet)
        else:
            # Without `local`, Ray would join whatever cluster was last on this machine, even one that is gone.
            ray.init(address="local", include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        *_, reason = str(error.__cause__ or error).strip().splitlines() or [""]  # above it, Ray may put a stack trace
        raise unreachable(engine.address or "this machine", reason) from None

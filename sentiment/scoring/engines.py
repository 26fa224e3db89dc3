"""Who does the portions: this process, or actors of Ray Data, each with a copy of the model."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sentiment.errors import InputError
from sentiment.scoring.engine import LOCAL, RAY, Engine
from sentiment.scoring.shards import Portion, joined
from sentiment.scoring.work import Job, Outcome, Worker


class Run(Protocol):
    def __call__(self, engine: Engine, job: Job, model: Path, portions: list[Portion]) -> Iterator[Outcome]: ...


def run_of(engine: Engine) -> Run:
    """Returns the function that does the work. Raises: InputError when Ray is asked for and is not installed."""
    if engine.name == LOCAL:
        return local
    if importlib.util.find_spec("ray") is None:
        raise InputError(
            "the engine ray needs Ray Data", found="no package ray in this Python",
            do="Use .venv-score (`make score-environment`), or --engine local.",
        )  # fmt: skip
    from sentiment.scoring.on_ray import on_ray

    return on_ray


def chosen(name: str | None) -> str:
    """Returns the engine that was asked for; without one, Ray where it is installed."""
    return name or (RAY if importlib.util.find_spec("ray") else LOCAL)


def local(engine: Engine, job: Job, model: Path, portions: list[Portion]) -> Iterator[Outcome]:
    """Yields the outcomes of all portions, one after the other, with one copy of the model."""
    from sentiment.scoring.scorer import answers_of

    worker = Worker(job, answers_of(model, engine.batch_size, engine.threads))
    for portion in joined(portions):
        yield from worker.outcomes(portion)

"""One way to score an archive, done in this process: `python -m sentiment.bench.scoring.ways JOB`.

    predict      the loop of `sentiment predict` over the same posts, which keeps nothing
    score        `sentiment score` with the engine in one process: reads, answers, writes Parquet
    around       the same with a model that answers at once: what reading, ledger and writing cost by themselves
    ray          `sentiment score` on Ray, one copy of the model a processor; Ray's own start is part of it
    pipeline     Hugging Face's pipeline on PyTorch, in an environment of its own: `speed/others/pipeline_score.py`

The seconds are those of the work: a process's start and the opening of the model are no part of it, but for `ray`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sentiment import atomic, processes

PREDICT, SCORE, AROUND, RAY, PIPELINE = WAYS = ("predict", "score", "around", "ray", "pipeline")
SHARD_ROWS = 20_000
WARM = "暖身"
Work = Callable[[dict[str, Any]], Iterator[Any]]  # its first step is the preparation


def predict(job: dict[str, Any]) -> Iterator[Any]:
    from pyarrow import parquet

    from sentiment.data.tsv import Post
    from sentiment.evaluation.predict import predictions
    from sentiment.model.folder import open_model

    opened = open_model(Path(job["model"]))
    yield list(predictions(opened, [Post(WARM, 0)]))
    for path in sorted(Path(job["archive"]).iterdir()):
        with parquet.ParquetFile(path) as file:
            batches = file.iter_batches(2_048, columns=["text"])
            yield from predictions(opened, (Post(text, 0) for batch in batches for text in batch.column(0).to_pylist()))


def score(job: dict[str, Any]) -> Iterator[Any]:
    import numpy as np

    from sentiment.data.tsv import Post
    from sentiment.scoring.answered import Answers
    from sentiment.scoring.scorer import BATCH_SIZE, answers_of
    from sentiment.scoring.work import Worker

    of = _job_of(job)
    answers: Answers
    if job["way"] == AROUND:
        answers = lambda posts: np.full((len(posts), len(of.labels)), 1 / len(of.labels), np.float32)  # noqa: E731
    else:
        answers = answers_of(Path(job["model"]), BATCH_SIZE, None)
    yield answers([Post(WARM, 0)])
    worker = Worker(of, answers)
    yield from _recorded(job, lambda portions: (found for one in portions for found in worker.outcomes(one)))


def on_ray(job: dict[str, Any]) -> Iterator[Any]:
    from sentiment.scoring.engine import Engine
    from sentiment.scoring.on_ray import on_ray
    from sentiment.scoring.scorer import BATCH_SIZE

    yield None
    engine, of = Engine(RAY, BATCH_SIZE, threads=1), _job_of(job)
    yield from _recorded(job, lambda portions: on_ray(engine, of, Path(job["model"]), portions))


def _job_of(job: dict[str, Any]) -> Any:
    from sentiment.model.folder import read_card
    from sentiment.scoring.columns import Columns
    from sentiment.scoring.work import Job

    labels = list(read_card(Path(job["model"])).labels)
    return Job(
        source=job["archive"], output=job["output"], version=1, labels=labels, columns=Columns(),
        shard_rows=job["shard_rows"],
    )  # fmt: skip


def _recorded(job: dict[str, Any], run: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
    """Plans the archive's portions, has them done, and keeps the ledger, as `sentiment score` does."""
    from sentiment.scoring.archive import known_files, plan_of
    from sentiment.scoring.ledger import Ledger
    from sentiment.scoring.places import place_of

    source, place = place_of(job["archive"]), place_of(job["output"])
    ledger = Ledger.opened(place)
    for outcome in run(plan_of(known_files(source, place), source, {}, job["shard_rows"]).portions):
        if outcome.shard:
            ledger.add(outcome.shard)
        yield outcome
    ledger.write()


WORKS: dict[str, Work] = {PREDICT: predict, SCORE: score, AROUND: score, RAY: on_ray}


def main(job: dict[str, Any]) -> None:
    """Does the job's way, and writes what it took: seconds, seconds of processor time, and bytes at the peak."""
    work = WORKS[job["way"]](job)
    next(work)
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in work:
        pass
    spent = time.perf_counter() - begin, time.process_time() - cpu
    atomic.write_json(Path(job["figures"]), [*spent, processes.memory_bytes("self", "VmHWM")])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

"""The roofline: how fast this machine multiplies matrices, and how many products a piece of work cannot do without.

`python -m sentiment.bench.speed.products JOB` measures the machine, in a process of its own. What training and
predicting reach of that rate is a share of 1; what is missing went into everything that is no product of matrices,
and into products on padding.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sentiment import processes
from sentiment.bench.speed.asked import asked
from sentiment.model.arithmetic import BFLOAT16, FLOAT32
from sentiment.model.compiling import operations

SIDE, TRIES = 2048, 12
BACKWARD = 2  # a backward pass has two products for each of the forward one


def least(architecture: Mapping[str, Any], lengths: Iterable[int], passes: int = 1) -> float:
    """Returns the operations of the products for rows of these lengths, forward, `passes` times; padding is none.

    Embeddings, pooler and the last layer are left out: under one percent.
    """
    return float(passes * sum(operations((1, length), architecture) for length in lengths))


def measured(*, bfloat16: bool) -> dict[str, float]:
    """Returns the machine's operations a second, by kind of number. Raises: child.Failed."""
    kinds = [FLOAT32, *([BFLOAT16] if bfloat16 else [])]
    with asked(processes.python_module(__name__), {"kinds": kinds}) as process:
        return dict(process.ask({}).said)


def rate_of(product: Callable[[], Any], operations: float, tries: int = TRIES) -> float:
    """Returns the most operations a second of several tries: other work on the machine only makes them fewer."""
    seconds = []
    product()
    for _ in range(tries):
        begin = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - begin)
    return operations / min(seconds)


def main() -> None:
    from sentiment.tensorflow_setup import tf

    kinds = json.loads(sys.argv[1])["kinds"]
    factors = {kind: tf.cast(tf.random.normal((SIDE, SIDE), seed=1), kind) for kind in kinds}
    print("answer {}", flush=True)
    for _ in sys.stdin:
        found = {
            kind: rate_of(lambda factor=factor: tf.linalg.matmul(factor, factor).numpy(), 2.0 * SIDE**3)  # type: ignore[misc]
            for kind, factor in factors.items()
        }
        print("answer", json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

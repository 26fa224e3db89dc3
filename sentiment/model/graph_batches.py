"""What the batch functions of a graph ask for: TensorFlow makes their threads at once, and ends where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sentiment.model.graph_library import Library

BATCHES = "BatchFunction"
THREADS, WAIT = "num_batch_threads", "timeout_micros"
MOST_THREADS = 64  # of one; an export asks for 2
MOST_THREADS_TOGETHER = 1024  # an export has one of them for each length and signature
MOST = 65_536  # rows of a batch, sizes, and batches that wait; an export asks for at most 2,048
LONGEST_WAIT = 10_000_000  # microseconds; an export waits for nobody


def excessive(library: Library) -> Iterator[str]:
    """Yields, in words, the first of a graph's batch functions that asks for more than is of use."""
    threads = 0
    for node in library.nodes():
        if node.op != BATCHES:
            continue
        if odd := _oddity(node.attr):
            yield f"{BATCHES} with {odd}"
            return
        threads += node.attr[THREADS].i
        if threads > MOST_THREADS_TOGETHER:
            yield f"{BATCHES} with more than {MOST_THREADS_TOGETHER:,} threads, taken together"
            return


def _oddity(attributes: Any) -> str:
    """Returns the first number that is not within its bounds; of 0 threads, TensorFlow would take as many as it likes.

    What is no number at all has a 0 here.
    """
    for name, value in sorted(attributes.items()):
        least, most = (1, MOST_THREADS) if name == THREADS else (0, LONGEST_WAIT if name.endswith(WAIT) else MOST)
        for number in value.list.i or (value.i,):
            if not least <= number <= most:
                return f"{name} {number}"
    return ""

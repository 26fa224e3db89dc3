"""Reports running out of memory: at which length and batch size, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sentiment.errors import InputError
from sentiment.model.batches import BUCKETS


def smaller(rows: int, length: int) -> str:
    """Returns the next smaller setting: half the batch or, for a batch of one row, the next shorter length."""
    if rows > 1:
        return f"--batch-size {rows // 2}"
    shorter = [bucket for bucket in BUCKETS if bucket < length]
    return f"--max-seq-length {shorter[-1]}" if shorter else "a smaller --model-name"


@contextmanager
def enough_memory(rows: int, length: int, batch_size: int) -> Iterator[None]:
    """Raises: InputError when memory runs out on a batch of `rows` rows of `length` pieces."""
    from sentiment.tensorflow_setup import tf

    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise InputError(
            f"a training step on {rows} rows of {length} word pieces must fit into memory",
            found=_first_line(error),
            do=f"Try {smaller(batch_size, length)}.",
        ) from None


def _first_line(error: BaseException) -> str:
    """Returns the essential line of TensorFlow's message, which has pages of nodes, hints and statistics."""
    text = str(getattr(error, "message", error)).strip() or "out of memory"
    lines = [line.strip() for line in text.splitlines()]
    said = next((line for line in lines if "OOM" in line), lines[0])
    return said[said.find("OOM") if "OOM" in said else 0 :][:160]

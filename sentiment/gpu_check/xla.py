"""Answers posts with a model that XLA compiles for the GPU, and compares with the same model without XLA."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sentiment.data.posts import read_posts
from sentiment.model.folder import open_model
from sentiment.results.record import as_json
from sentiment.step import Result, run, step

ROWS = 32
TIMES = 20


@click.command("xla")
@click.option("--model", type=click.Path(path_type=Path), required=True, help="A model folder.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Labelled posts (TSV).")
@step
def command(model: Path, data: Path) -> Result:
    """Compare a model's answers with and without XLA, on the first GPU if there is one."""
    import numpy as np

    from sentiment.export.parity import compare
    from sentiment.model.batches import encode, padded
    from sentiment.tensorflow_setup import tf

    opened = open_model(model)
    encoded = encode(opened.tokenizer, read_posts(data, opened.card.label_set)[:ROWS])
    arrays = padded(encoded, np.arange(len(encoded)), opened.card.max_seq_length)
    inputs = {name: tf.constant(values) for name, values in arrays.items()}

    def answer(inputs: Any) -> Any:
        return opened.keras(inputs, training=False)

    plain, compiled = tf.function(answer, autograph=False), tf.function(answer, autograph=False, jit_compile=True)
    begin = time.monotonic()
    found = compiled(inputs)
    compiling = time.monotonic() - begin
    parity = compare(plain(inputs).numpy(), found.numpy())
    return {
        "device": str(found.device).rpartition("device:")[2],
        "parity": as_json(parity),
        "compile_seconds": round(compiling, 3),
        "plain_ms": milliseconds(lambda: plain(inputs).numpy()),
        "xla_ms": milliseconds(lambda: compiled(inputs).numpy()),
    }


def milliseconds(call: Callable[[], Any]) -> float:
    """Returns the median time of a call."""
    taken = []
    for _ in range(TIMES):
        begin = time.monotonic()
        call()
        taken.append(time.monotonic() - begin)
    return round(1000 * sorted(taken)[TIMES // 2], 3)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, "xla"))

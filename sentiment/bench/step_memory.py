"""Measures training steps, in a process that `sentiment bench length` starts and asks over stdin.

It answers a line `BATCH STEPS` with one line of JSON: {"batch", "bytes", "seconds"}, with the peak memory and the time
of the last step, or {"batch", "out_of_memory": …}, after which it ends. Its first line says what it measures.

- GPU: the peak of TensorFlow's allocator (`tf.config.experimental.get_memory_info`).
- CPU: the peak resident memory of the whole process (`VmHWM` in /proc/self/status), reset before each measurement.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels
from sentiment.model.batches import Inputs, Ints
from sentiment.processes import memory_bytes
from sentiment.settings import read_settings
from sentiment.step import run
from sentiment.training.devices import find_devices
from sentiment.training.hyperparameters import choose
from sentiment.training.precision import building_in, choose_precision
from sentiment.training.start import starting_point
from sentiment.training.training_files import Files

GPU_MEMORY, CPU_MEMORY = "peak memory on the GPU", "peak resident memory of the process"
MEBIBYTE = 1 << 20


class MeasuredStep:
    """A model with its optimizer, whose steps can be measured."""

    def __init__(self, model_type: str, model_name: str, length: int, precision: str, labels: Labels) -> None:
        from sentiment.training.training_step import adam, training_step

        self.length = length
        self.devices = find_devices("1")
        self.precision = choose_precision(precision, self.devices.capabilities)
        settings = choose(model_type, model_name, max_seq_length=length)
        with building_in(self.precision.policy), tempfile.TemporaryDirectory() as folder:
            train = Path(folder) / "train.tsv"
            posts = [Post("好", label) for label in range(len(labels))]
            write_posts(train, posts)
            start = starting_point(Files(train, None, train.parent), settings, labels, posts)
        self.pieces, self.parameters = len(start.pieces), start.card.parameters
        optimizer = adam(scales_loss=self.precision.scales_loss)
        self.step = training_step(start.keras, optimizer, settings.clip_norm, None, self.devices.strategy)
        self.on_gpu = self.devices.names[0].startswith("GPU")
        self.step(*self.rows(1))  # traced once, for all shapes

    def describe(self) -> dict[str, Any]:
        return {
            "device": self.devices.describe(),
            "measured": GPU_MEMORY if self.on_gpu else CPU_MEMORY,
            "precision": self.precision.policy,
            "parameters": self.parameters,
        }

    def rows(self, batch: int) -> tuple[Inputs, Ints]:
        """Returns `batch` rows without padding, so that every piece has its full cost."""
        shape = (batch, self.length)
        ids = np.random.default_rng(batch).integers(0, self.pieces, shape, np.int32)
        inputs = {"input_ids": ids, "input_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids)}
        return inputs, np.zeros(batch, np.int32)

    def measure(self, batch: int, steps: int) -> dict[str, Any]:
        """Takes `steps` steps; returns the peak memory in bytes, and the seconds of the last step."""
        from sentiment.tensorflow_setup import tf

        rows, seconds = self.rows(batch), 0.0
        self._forget_peak()
        try:
            for _ in range(steps):
                begin = time.monotonic()
                loss, _hits = self.step(*rows)
                float(loss)  # waits for the GPU
                seconds = time.monotonic() - begin
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            return {"batch": batch, "out_of_memory": type(error).__name__}
        return {"batch": batch, "bytes": self._peak(), "seconds": seconds}

    def _forget_peak(self) -> None:
        from sentiment.tensorflow_setup import tf

        if self.on_gpu:
            tf.config.experimental.reset_memory_stats(self.devices.names[0])
        else:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # see proc(5): resets VmHWM

    def _peak(self) -> int:
        from sentiment.tensorflow_setup import tf

        if self.on_gpu:
            return int(tf.config.experimental.get_memory_info(self.devices.names[0])["peak"])
        return memory_bytes("self", "VmHWM")


def asked() -> Iterator[tuple[int, int]]:
    """Yields each requested (batch, steps) until stdin ends."""
    for line in sys.stdin:
        batch, steps = line.split()
        yield int(batch), int(steps)


@click.command("step_memory")
@click.option("--model-type", required=True)
@click.option("--model-name", required=True)
@click.option("--max-seq-length", type=int, required=True)
@click.option("--precision", required=True)
@click.option("--memory", type=int, help="Bytes of the GPU's memory that TensorFlow may use.")
def command(model_type: str, model_name: str, max_seq_length: int, precision: str, memory: int | None) -> None:
    """Measure training steps."""
    from sentiment.tensorflow_setup import tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus and memory:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=memory // MEBIBYTE)
        tf.config.set_logical_device_configuration(gpus[0], [limit])
    measured = MeasuredStep(model_type, model_name, max_seq_length, precision, read_settings().label_set)
    click.echo(json.dumps(measured.describe()))
    for batch, steps in asked():
        answer = measured.measure(batch, steps)
        click.echo(json.dumps(answer))
        if "out_of_memory" in answer:
            return


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, "step_memory"))

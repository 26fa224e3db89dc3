"""How long a model takes for a post, from the batches of a pass that is made anyway, and on which machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection
from pathlib import Path
from statistics import median

from sentiment.results.cost import SHORTEST, Machine, Pace
from sentiment.tensorflow_setup import keras, tf

FEWEST = 3  # batches: with fewer, one that was held up would decide
PROCESSORS = Path("/proc/cpuinfo")


def pace_of(seconds: Collection[float], batch: int) -> Pace | None:
    """Returns the pace from the seconds of each batch of `batch` posts; None when there are too few batches."""
    if len(seconds) < FEWEST:
        return None
    milliseconds = max(SHORTEST, round(1000 * median(seconds) / batch, 4))
    return Pace(milliseconds=milliseconds, batch=batch, batches=len(seconds))


def this_machine(precision: str = "") -> Machine:
    """Returns the machine that answers now; `precision` is that of the model, by default that of new models."""
    gpus = tf.config.get_visible_devices("GPU")
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "unknown GPU") if gpus else ""
    return Machine(
        processor=name or processor_name(PROCESSORS.read_text("utf-8", "replace") if PROCESSORS.is_file() else ""),
        cores=len(os.sched_getaffinity(0)),
        precision=precision or keras.mixed_precision.global_policy().name,
    )


def processor_name(told: str) -> str:
    """Returns the CPU's name from what /proc/cpuinfo says; where that has none, as on ARM, its architecture."""
    lines = (line.partition(":") for line in told.splitlines())
    names = (" ".join(value.split()) for key, _, value in lines if key.strip() == "model name")
    return next(filter(None, names), platform.machine())

"""The checks, in the order in which they run: what each needs, what it runs, and which one it builds on.

Each runs real commands in processes of their own, as a person would: a library that crashes fails one row.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentiment.bench.trials import Trials
from sentiment.experiments import child
from sentiment.gpu_check import judging, machine
from sentiment.gpu_check.machine import Machine
from sentiment.text.units import bytes_as_text

EPOCHS = "4"
LONGEST = 1800.0  # seconds that a command may take: a driver or NCCL that hangs would hang for ever
BATCH, LENGTH, STEPS = 32, 128, 3  # of the training step whose memory is measured
ENGINE_FILES = "assets/trt-serialized-engine.*"  # as TF-TRT names them


@dataclass
class Workplace:
    """The folder in which everything is made, the device to use (GPU or CPU), a command's limit, the results so far."""

    folder: Path
    data: Path
    model_name: str
    kind: str = "GPU"
    seconds: float = LONGEST
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def run(self, module: str, *arguments: str | Path) -> dict[str, Any]:
        """Runs a command and returns its result. Raises: child.Failed."""
        file = self.folder / "results" / f"{next(self._numbers)}.json"
        return child.result_of(module, [str(argument) for argument in arguments], file, self.seconds)

    def verb(self, *arguments: str | Path) -> dict[str, Any]:
        return self.run("sentiment", *arguments)

    def train(self, output: str, devices: int, precision: str) -> dict[str, Any]:
        data = ("--train", self.data / "train.tsv", "--test", self.data / "test.tsv")
        how = ("--devices", str(devices), "--precision", precision, "--num-epochs", EPOCHS)
        found = self.verb("train", *data, "--output", self.folder / output, "--model-name", self.model_name, *how)
        self.results[output] = found
        return found


@dataclass(frozen=True)
class Check:
    """`why_not` says what the machine lacks for it; `on_cpu`: its commands can be tried on a CPU."""

    name: str
    why_not: Callable[[Machine], str | None]
    run: Callable[[Workplace], str]  # returns figures. Raises: Unmet, child.Failed
    on_cpu: bool = False
    after: str = ""


def train(place: Workplace) -> str:
    return judging.training(place.train("float32", 1, "float32"), place.kind)


def train_in_16_bits(place: Workplace) -> str:
    asked = "auto" if place.kind == "GPU" else "mixed_bfloat16"  # on a CPU, auto is float32
    found = place.train("mixed", 1, asked)
    figures = judging.training(found, place.kind, precision="mixed")
    judging.no_worse(found, place.results["float32"])
    return figures


def train_on_two(place: Workplace) -> str:
    found = place.train("two", 2, "float32")
    figures = judging.training(found, place.kind, devices=2)
    judging.no_worse(found, place.results["float32"])
    return figures


def compile_with_xla(place: Workplace) -> str:
    options = ("--model", place.folder / "float32", "--data", place.data / "test.tsv")
    return judging.xla(place.run("sentiment.gpu_check.xla", *options), place.kind)


def measure_memory(place: Workplace) -> str:
    options = ["--model-type", "custom", "--model-name", place.model_name, "--precision", "auto"]
    with Trials([*options, "--max-seq-length", str(LENGTH)], None) as trials:
        trial = trials.measure(BATCH, STEPS)
        device = str(trials.about.get("device", "no device"))
    judging.require(trial.fits, f"a step on {BATCH} rows of {LENGTH} pieces must fit into memory", "too little")
    judging.require(device.startswith(place.kind), f"it must be measured on the {place.kind}", device)
    rate = BATCH / trial.seconds if trial.seconds else 0
    return f"{bytes_as_text(trial.bytes)} at most for {BATCH}×{LENGTH}, {rate:,.0f} rows/s"


def export_to(place: Workplace, name: str) -> str:
    options = ("--model", place.folder / "float32", "--data", place.data / "test.tsv", "--format", name)
    found = place.verb("export", *options, "--output", place.folder / f"for-{name}")
    place.results[name] = found
    return judging.export(found, name)


def export(place: Workplace) -> str:
    return export_to(place, "savedmodel")


def convert(place: Workplace) -> str:
    return export_to(place, "tensorrt")


def use_engines(place: Workplace) -> str:
    files = (place.folder / "for-tensorrt-tensorrt").glob(ENGINE_FILES)
    built = judging.engines(place.results["tensorrt"], {file.name: file.stat().st_size for file in files})
    return f"{built}, {judging.ran(run_engines(place, 'for-tensorrt-tensorrt'))}"


def run_engines(place: Workplace, folder: str) -> dict[str, Any]:
    options = ("--export", place.folder / folder, "--model", place.folder / "float32")
    return place.run("sentiment.gpu_check.engines", *options)


def serve_folder(place: Workplace, folder: str, *more: str) -> str:
    options = ("--export", place.folder / folder, "--model", place.folder / "float32")
    return judging.served(place.verb("validate", *options, "--data", place.data / "test.tsv", *more))


def serve(place: Workplace) -> str:
    return serve_folder(place, "for-savedmodel")


def serve_tensorrt(place: Workplace) -> str:
    return serve_folder(place, "for-tensorrt-tensorrt", "--gpu-image")


TRAINING, SAVED_MODEL, CONVERSION = "training", "SavedModel", "TensorRT conversion"
CHECKS = (
    Check(TRAINING, machine.no_gpu, train, on_cpu=True),
    Check("training in 16 bits", machine.no_fast_16_bits, train_in_16_bits, on_cpu=True, after=TRAINING),
    Check("training on two GPUs", machine.no_second_gpu, train_on_two, after=TRAINING),
    Check("memory of a step", machine.no_gpu, measure_memory, on_cpu=True),
    Check("XLA", machine.no_gpu, compile_with_xla, on_cpu=True, after=TRAINING),
    Check(SAVED_MODEL, machine.no_gpu, export, on_cpu=True, after=TRAINING),
    Check("SavedModel, served", machine.no_gpu, serve, on_cpu=True, after=SAVED_MODEL),
    Check(CONVERSION, machine.no_tensorrt, convert, after=TRAINING),
    Check("TensorRT engines", machine.no_tensorrt, use_engines, after=CONVERSION),
    Check("TensorRT, served", machine.no_tensorrt, serve_tensorrt, after=CONVERSION),
)

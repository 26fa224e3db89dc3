"""Where a training runs: on the CPU, a GPU, or several GPUs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.training.precision import Capability


@dataclass(frozen=True)
class Devices:
    """The devices of a training (`names` such as `GPU:0`) and TensorFlow's strategy for them."""

    names: tuple[str, ...]
    strategy: Any
    models: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()

    @property
    def is_one_cpu(self) -> bool:
        return len(self.names) == 1 and self.names[0].startswith("CPU")

    def describe(self) -> str:
        return ", ".join(self.names) + (f" ({', '.join(dict.fromkeys(self.models))})" if self.models else "")


def choose_devices(asked: str, cpus: Sequence[str], gpus: Sequence[str]) -> tuple[str, ...]:
    """Returns the devices for `auto`, `cpu`, `gpu` or a number: all GPUs, or one CPU.

    A number counts GPUs or, without GPUs, the logical CPU devices that TensorFlow was configured with.
    """
    if asked == "cpu":
        return tuple(cpus[:1])
    if asked == "auto":
        return tuple(gpus or cpus[:1])
    if asked == "gpu":
        if not gpus:
            raise InputError(
                "--devices gpu must find a GPU that TensorFlow can use",
                found="none",
                do="Check the driver and the image (`nvidia-smi` lists the GPUs), or give --devices cpu.",
            )
        return tuple(gpus)
    require_known(asked)
    there = gpus or cpus
    if int(asked) > len(there):
        raise InputError(
            f"--devices {asked} must find as many devices", found=", ".join(there), do=f"Give --devices {len(there)}."
        )
    return tuple(there[: int(asked)])


def require_known(asked: str) -> None:
    if asked not in ("auto", "cpu", "gpu") and not re.fullmatch("[1-9][0-9]{0,3}", asked):
        raise InputError(
            "--devices must be auto, cpu, gpu or a number from 1", found=repr(asked), do="Correct --devices."
        )


def find_devices(asked: str) -> Devices:
    """Returns the devices for `asked`. Several devices share every batch, by tf.distribute.MirroredStrategy."""
    from sentiment.tensorflow_setup import tf

    physical = tf.config.list_physical_devices("GPU")
    if asked == "cpu" and physical:
        tf.config.set_visible_devices([], "GPU")
        physical = []
    cpus, gpus = ([_name(device) for device in tf.config.list_logical_devices(kind)] for kind in ("CPU", "GPU"))
    names = choose_devices(asked, cpus, gpus)
    strategy = tf.distribute.get_strategy() if len(names) == 1 else tf.distribute.MirroredStrategy(list(names))
    if not names[0].startswith("GPU"):
        return Devices(names, strategy)
    details = [tf.config.experimental.get_device_details(gpu) for gpu in physical[: len(names)]]
    return Devices(
        names,
        strategy,
        tuple(detail.get("device_name", "unknown GPU") for detail in details),
        tuple(detail.get("compute_capability", (0, 0)) for detail in details),
    )


def _name(device: Any) -> str:
    return str(device.name).removeprefix("/device:")

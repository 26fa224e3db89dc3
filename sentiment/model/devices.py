"""Which devices TensorFlow has, and which of them `--devices` asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sentiment.errors import InputError


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


def logical_devices() -> tuple[list[str], list[str]]:
    """Returns the CPUs and the GPUs, such as `GPU:0`, in which TensorFlow sees this machine."""
    from sentiment.tensorflow_setup import tf

    cpus, gpus = ([_name(device) for device in tf.config.list_logical_devices(kind)] for kind in ("CPU", "GPU"))
    return cpus, gpus


def _name(device: Any) -> str:
    return str(device.name).removeprefix("/device:")

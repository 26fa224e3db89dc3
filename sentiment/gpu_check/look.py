"""Looks at the machine in a process of its own: a broken driver or library may end it, and must not end the check."""

from __future__ import annotations

import ctypes
import importlib
import sys
import sysconfig
from pathlib import Path
from typing import Any

import click

from sentiment.gpu_check.machine import Gpu, Machine
from sentiment.step import run, step

DRIVER = "libcuda.so.1"
# By these names TensorFlow 2.17 opens CUDA before it lists a GPU (tsl/platform/default/dso_loader.cc:GetDsoHandle).
CUDA = (
    "libcudart.so.12",
    "libcublas.so.12",
    "libcublasLt.so.12",
    "libcufft.so.11",
    "libcusolver.so.11",
    "libcusparse.so.12",
    "libcudnn.so.8",
)
PACKAGES = "nvidia/*/lib"  # of the CUDA packages in an environment, where TensorFlow looks too


def look() -> Machine:
    """Returns what is here."""
    from sentiment.tensorflow_setup import tf

    trt = importlib.import_module("tensorflow.compiler.tf2tensorrt._pywrap_py_utils")  # after tf, without its chatter
    driver, said = driver_version()
    linked = _dotted(trt.get_linked_tensorrt_version())
    loaded = _dotted(trt.get_loaded_tensorrt_version()) if trt.is_tensorrt_enabled() else None
    return Machine(
        tensorflow=tf.__version__,
        driver=driver,
        driver_said=said,
        cuda_missing=[name for name in CUDA if not is_there(name)],
        gpus=[_gpu(tf.config.experimental.get_device_details(each)) for each in tf.config.list_physical_devices("GPU")],
        tensorrt_linked=linked,
        tensorrt=loaded,
        tensorrt_said="" if loaded else why_not_opened(f"libnvinfer.so.{linked}", f"libnvinfer_plugin.so.{linked}"),
    )


def driver_version(name: str = DRIVER) -> tuple[str | None, str]:
    """Returns the newest CUDA that the driver knows, and otherwise None and why."""
    try:
        driver = ctypes.CDLL(name)
    except OSError as error:
        return None, str(error)
    number = ctypes.c_int()
    try:
        code = driver.cuDriverGetVersion(ctypes.byref(number))
    except AttributeError as error:  # another library of that name
        return None, str(error)
    if code:
        return None, f"{name} answers with error {code}"
    return f"{number.value // 1000}.{number.value % 1000 // 10}", ""


def is_there(name: str) -> bool:
    """Tells whether the system's loader finds a library, or it is in one of the environment's CUDA packages."""
    packages = Path(sysconfig.get_paths()["purelib"])
    return not why_not_opened(name) or any((folder / name).exists() for folder in packages.glob(PACKAGES))


def why_not_opened(*names: str) -> str:
    """Returns the loader's message about the first of these libraries that it cannot open; "" when it opens all."""
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError as error:
            return str(error)
    return ""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _gpu(details: dict[str, Any]) -> Gpu:
    return Gpu(details.get("device_name", "unknown GPU"), tuple(details.get("compute_capability", (0, 0))))


@click.command("look")
@step
def command() -> Machine:
    """Show what this machine has for computing on GPUs."""
    return look()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, "look"))

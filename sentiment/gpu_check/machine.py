"""What a machine has for computing on GPUs, and in a sentence what is missing and what to do about it."""

from __future__ import annotations

import msgspec

FEWEST_BITS = (7, 0)  # the compute capability from which a GPU multiplies 16-bit numbers faster
IN_DOCKER = "In Docker, use the image that `make build_images DEVICE=gpu` makes"


class Gpu(msgspec.Struct, frozen=True):
    """A GPU that TensorFlow can use."""

    name: str
    capability: tuple[int, int]  # CUDA's compute capability


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What `sentiment.gpu_check.look` found. A `…_said` is the system's own message, empty when nothing is wrong."""

    tensorflow: str  # its release
    driver: str | None  # the newest CUDA that the driver knows, such as "12.4"
    driver_said: str = ""
    cuda_missing: list[str] = []  # CUDA's libraries that TensorFlow opens and that are nowhere
    gpus: list[Gpu] = []
    tensorrt_linked: str = ""  # the release that TensorFlow was built with
    tensorrt: str | None = None  # the release that was opened
    tensorrt_said: str = ""


def no_driver(machine: Machine) -> str | None:
    """Returns what is missing and what to do; None when a driver is there."""
    if machine.driver:
        return None
    return (
        f"there is no GPU driver ({machine.driver_said}). Install NVIDIA's driver;"
        " in Docker, also the NVIDIA Container Toolkit, and start the container with --gpus all."
    )


def no_cuda(machine: Machine) -> str | None:
    """Returns what is missing and what to do; None when all of CUDA's libraries are there."""
    if not machine.cuda_missing:
        return None
    return (
        f"TensorFlow {machine.tensorflow} finds no {', '.join(machine.cuda_missing)} of CUDA."
        f" {IN_DOCKER}; elsewhere, install requirements/trainer-gpu.txt."
    )


def no_gpu(machine: Machine) -> str | None:
    """Returns why TensorFlow has no GPU to compute on, and what to do; None when it has one."""
    if machine.gpus:
        return None
    return (
        no_driver(machine)
        or no_cuda(machine)
        or (
            f"the driver (CUDA {machine.driver}) and CUDA's libraries are there, but TensorFlow sees no GPU."
            " See what `nvidia-smi` lists, and whether CUDA_VISIBLE_DEVICES hides it."
        )
    )


def no_second_gpu(machine: Machine) -> str | None:
    """Returns why a batch cannot be shared between two GPUs, and what to do; None when it can."""
    if len(machine.gpus) != 1:
        return no_gpu(machine)
    return f"there is one GPU only ({machine.gpus[0].name}). Run it on a machine with two, or give the container both."


def no_fast_16_bits(machine: Machine) -> str | None:
    """Returns why 16-bit training would gain nothing, and what to do; None when it gains."""
    slow = [gpu for gpu in machine.gpus if gpu.capability < FEWEST_BITS]
    if not slow:
        return no_gpu(machine)
    major, minor = slow[0].capability
    return (
        f"{slow[0].name} has compute capability {major}.{minor}, and 16 bits gain nothing below 7.0."
        " Run it on a newer GPU; training stays in float32 here."
    )


def no_tensorrt_libraries(machine: Machine) -> str | None:
    """Returns why TensorRT's libraries are not opened, and what to do; None when they are."""
    if machine.tensorrt:
        return None
    return (
        f"TensorFlow {machine.tensorflow} cannot open TensorRT {machine.tensorrt_linked} ({machine.tensorrt_said})."
        " Put the wheel of tensorrt-libs into docker/tensorrt and build the image again, see docs/guide/training.md."
    )


def no_tensorrt(machine: Machine) -> str | None:
    """Returns why nothing can be converted by TensorRT, and what to do; None when it can."""
    return no_gpu(machine) or no_tensorrt_libraries(machine)

from __future__ import annotations

import pytest

from sentiment.errors import InputError
from sentiment.model.devices import choose_devices, logical_devices, require_known

CPUS, GPUS = ("CPU:0", "CPU:1"), ("GPU:0", "GPU:1", "GPU:2")


@pytest.mark.parametrize(
    ("asked", "gpus", "chosen"),
    [
        ("auto", (), ("CPU:0",)),
        ("auto", GPUS, GPUS),
        ("cpu", GPUS, ("CPU:0",)),
        ("gpu", GPUS, GPUS),
        ("2", GPUS, ("GPU:0", "GPU:1")),
        ("1", (), ("CPU:0",)),
        ("2", (), CPUS),
    ],
)
def test_the_devices_asked_for(asked: str, gpus: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    assert choose_devices(asked, CPUS, gpus) == chosen


@pytest.mark.parametrize("asked", ["", "0", "-1", "two", "1.5", "²", "GPU:0", "nan"])
def test_a_senseless_number_is_refused(asked: str) -> None:
    with pytest.raises(InputError, match="--devices must be auto, cpu, gpu or a number from 1"):
        require_known(asked)


def test_more_than_there_are_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"--devices 4 must find as many devices; found GPU:0, GPU:1, GPU:2\. Give --devices 3"
    ):
        choose_devices("4", CPUS, GPUS)
    with pytest.raises(InputError, match="--devices gpu must find a GPU that TensorFlow can use; found none"):
        choose_devices("gpu", CPUS, ())


def test_this_machine_has_a_cpu() -> None:
    cpus, _ = logical_devices()
    assert cpus[0] == "CPU:0"

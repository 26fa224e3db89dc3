"""Where a training runs: on the CPU, a GPU, or several GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentiment.model.devices import choose_devices, logical_devices
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


def find_devices(asked: str) -> Devices:
    """Returns the devices for `asked`. Several devices share every batch, by tf.distribute.MirroredStrategy."""
    from sentiment.tensorflow_setup import tf

    physical = tf.config.list_physical_devices("GPU")
    if asked == "cpu" and physical:
        tf.config.set_visible_devices([], "GPU")
        physical = []
    names = choose_devices(asked, *logical_devices())
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

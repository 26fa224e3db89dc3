"""The arithmetic of a training: float32, or 16 bits where the hardware is faster with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Capability = tuple[int, int]
FLOAT32, BFLOAT16, FLOAT16 = "float32", "mixed_bfloat16", "mixed_float16"


@dataclass(frozen=True)
class Precision:
    """A Keras policy, and why it was chosen."""

    policy: str
    why: str

    @property
    def scales_loss(self) -> bool:
        """Whether to scale the loss: with float16's 5 bits of exponent (bfloat16: 8), small gradients become 0."""
        return self.policy == FLOAT16


def choose_precision(asked: str, capabilities: Sequence[Capability]) -> Precision:
    """Returns the policy for `asked`; `auto` depends on the weakest GPU's compute capability (none: a CPU).

    Tensor cores multiply float16 from capability 7.0 (Volta) on, bfloat16 from 8.0 (Ampere) on. A CPU stays at float32:
    with AMX, mixed bfloat16 trained a small BERT at 37 rows/s, float32 at 45. What XLA compiles there multiplies in
    bfloat16 none the less, see `model.arithmetic`.
    """
    if asked != "auto":
        return Precision(asked, "as asked")
    if not capabilities:
        return Precision(FLOAT32, "layers in 16 bits train no faster on a CPU")
    major, minor = min(capabilities)
    shown = f"compute capability {major}.{minor}"
    if major >= 8:
        return Precision(BFLOAT16, f"{shown} multiplies bfloat16 faster")
    if major >= 7:
        return Precision(FLOAT16, f"{shown} multiplies float16 faster; the loss is scaled")
    return Precision(FLOAT32, f"{shown} gains nothing from 16 bits")


@contextmanager
def building_in(policy: str) -> Iterator[None]:
    """Layers that are made inside this context compute in `policy`."""
    from sentiment.tensorflow_setup import keras

    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)

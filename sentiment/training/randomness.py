"""Derives everything random in an epoch from the seed and the epoch's number, so that a resumed training repeats it.

The exception is the inner dropout of a TF-Hub encoder: its operations keep their state where nobody can set it.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def draw_of_epoch(seed: int, number: int) -> np.random.Generator:
    """Returns the generator of epoch `number` for the order of the rows and the hidden pieces."""
    return np.random.default_rng([seed, number])


def generators_of(model: Any) -> list[Any]:
    """Returns each layer's tf.random.Generator, if it has one; Keras' weights and checkpoints do not contain them."""
    random_layers = [layer for layer in model.submodules if hasattr(layer, "_random_generator")]
    found = [getattr(layer._random_generator, "_generator", None) for layer in random_layers]
    return [generator for generator in found if generator is not None]


def reseed(generators: list[Any], seed: int, number: int) -> None:
    """Sets each layer's generator for epoch `number`; each layer and each device draws other numbers."""
    seeds = np.random.SeedSequence([seed, number]).generate_state(len(generators), np.uint64)
    for generator, one in zip(generators, seeds >> np.uint64(1), strict=True):
        generator.reset_from_seed(int(one))

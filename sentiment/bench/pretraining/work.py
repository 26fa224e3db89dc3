"""The work of one step that every stack does: the same weights, the same parts, and how many operations it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sentiment import atomic
from sentiment.model import checkpoint, compiling
from sentiment.pretraining.fit import rows_at_once
from sentiment.pretraining.masking import Hidden, hide

SETTINGS, WEIGHTS, PARTS = checkpoint.CONFIG, checkpoint.WEIGHTS[0], "parts.npz"
SPECIAL = np.arange(5, dtype=np.int32)  # [PAD] … [MASK], which is the last
SEED = 13
BACK = 2  # what a gradient costs, in forward passes


@dataclass(frozen=True)
class Shape:
    """A step: `parts` times as many rows of `length` pieces as `part_tokens` hold, a share of them hidden."""

    length: int
    part_tokens: int
    parts: int
    hidden_share: float

    @property
    def rows(self) -> int:
        return rows_at_once(self.part_tokens, self.length)

    @property
    def tokens(self) -> int:
        """The pieces of a step."""
        return self.parts * self.rows * self.length


def drawn(shape: Shape, pieces: int) -> list[Hidden]:
    """Returns the parts of a step: rows without padding, so that every piece has its full cost."""
    draw = np.random.default_rng(SEED)
    size, begins = (shape.rows, shape.length), np.ones((shape.rows, shape.length), np.bool_)
    return [
        hide(
            draw.integers(len(SPECIAL), pieces, size, dtype=np.int32),
            begins,
            shape.hidden_share,
            draw,
            mask=int(SPECIAL[-1]),
            special=SPECIAL,
            pieces=pieces,
        )
        for _ in range(shape.parts)
    ]


def operations(settings: dict[str, Any], shape: Shape, asked: int) -> float:
    """Returns the floating-point operations of a step's matrix products, where so many hidden pieces are said.

    A product of [a, b] and [b, c] takes 2abc. What a stack adds to fill its shapes up is no work and does not count.
    """
    width = settings["hidden_size"]
    encoder = compiling.operations((shape.parts * shape.rows, shape.length), settings)
    head = 2 * asked * (width**2 + width * settings["vocab_size"])
    return float((1 + BACK) * (encoder + head))


def lay_out(folder: Path, settings: dict[str, Any], shape: Shape) -> int:
    """Writes weights and parts into the folder, as each stack reads them; returns how many pieces are hidden."""
    from sentiment.pretraining import encoder_folder
    from sentiment.pretraining.network import built

    parts = drawn(shape, settings["vocab_size"])
    atomic.write_json(folder / SETTINGS, settings)
    encoder_folder.write_weights(folder / WEIGHTS, encoder_folder.weights_of(built(settings, SEED), np.float32))
    arrays = {
        f"{name}-{number}": getattr(part, name)
        for number, part in enumerate(parts)
        for name in ("ids", "places", "answers")
    }
    np.savez(folder / PARTS, **arrays)
    return sum(len(part.answers) for part in parts)

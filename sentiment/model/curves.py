"""The learning curves of a training, and when they call for stopping early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NAMES = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass
class Curves:
    """Figures by epoch; those with `val_` are empty when no rows were held out. `seconds` covers the whole loop.

    `kept_epoch`, counted from 1, is the epoch whose weights the model has: the last, unless training stopped early.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    kept_epoch: int = 0
    resumed_from_epoch: int | None = None

    @property
    def epochs(self) -> int:
        """The number of finished epochs."""
        return len(self.loss)

    def last(self) -> dict[str, float]:
        """Returns the figures of the last epoch by name, without those that are empty."""
        return {name: getattr(self, name)[-1] for name in NAMES if getattr(self, name)}

    def as_json(self, rows: int, asked: int) -> dict[str, Any]:
        """Returns the curves' part of the result of a training on `rows` rows that was to run `asked` epochs."""
        return {
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(rows * self.epochs / self.seconds, 1),
            "epochs": self.epochs,
            "kept_epoch": self.kept_epoch,
            "stopped_early": self.epochs < asked,
            "resumed_from_epoch": self.resumed_from_epoch,
            **{name: getattr(self, name) for name in NAMES},
        }

    def describe(self) -> str:
        return ", ".join(f"{name} {figure:.4f}" for name, figure in self.last().items())


def best_epoch(val_loss: Sequence[float]) -> int:
    """Returns the epoch, counted from 1, with the lowest loss; among equals, the first."""
    return min(range(len(val_loss)), key=val_loss.__getitem__) + 1


def out_of_patience(val_loss: Sequence[float], patience: int) -> bool:
    """Tells whether the lowest loss is `patience` epochs old. A patience of 0 never ends."""
    return bool(patience and val_loss and len(val_loss) - best_epoch(val_loss) >= patience)

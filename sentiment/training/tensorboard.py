"""Writes a training's curves for TensorBoard: one figure per curve and epoch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

from sentiment.errors import InputError
from sentiment.tensorflow_setup import tf


class EpochLog:
    """Event files in a folder; each epoch is on disk when `write` returns."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = tf.summary.create_file_writer(str(folder))
            self._writer.init()
        except (OSError, tf.errors.OpError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "message", error)
            raise InputError(
                "--tensorboard must name a writable folder", found=f"{folder}: {reason}", do="Name another folder."
            ) from None

    def write(self, epoch: int, figures: dict[str, float]) -> None:
        """Adds the figures of `epoch`, counted from 1."""
        with self._writer.as_default(step=epoch):
            for name, value in figures.items():
                if math.isfinite(value):
                    tf.summary.scalar(name, value)
        self._writer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

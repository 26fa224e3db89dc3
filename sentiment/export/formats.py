"""The formats that a trained model can be exported to, how to name them, and where each one goes.

The version folder holds the plain SavedModel. Every other format is beside it, with its name added: a model server
looks only for folders whose names are numbers, and ignores `7-tflite`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from sentiment.errors import InputError

SAVED_MODEL, TENSORRT, TFLITE, TFLITE_INT8 = FORMATS = ("savedmodel", "tensorrt", "tflite", "tflite-int8")
# The file by which an earlier export of each format is recognized.
MARKS = {
    SAVED_MODEL: "saved_model.pb",
    TENSORRT: "saved_model.pb",
    TFLITE: "model.tflite",
    TFLITE_INT8: "model.tflite",
}


class FormatList(click.ParamType[tuple[str, ...]]):
    """Names separated by commas, or a Python list of them (`['savedmodel', 'tflite']`); case does not matter."""

    name = "list"

    def __init__(self, names: Iterable[str] = FORMATS) -> None:
        self.names = tuple(names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        known = {name.lower(): name for name in self.names}
        words = [word.strip(" \t'\"") for word in str(value).strip(" \t[]()").split(",")]
        unknown = [word for word in words if word.lower() not in known]
        if unknown:
            self.fail(f"{', '.join(map(repr, unknown))} is not one of {', '.join(self.names)}", param, ctx)
        return tuple(known[word.lower()] for word in words)


def folder_of(output: Path, name: str) -> Path:
    """Returns the folder of the format `name` when the version folder is `output`."""
    return output if name == SAVED_MODEL else output.with_name(f"{output.name}-{name}")


def batches_itself(version: Path) -> bool:
    """Tells whether the graph of a version folder computes requests together: TensorFlow's operation has this name."""
    return b"BatchFunction" in (version / MARKS[SAVED_MODEL]).read_bytes()


def to_make(asked: Iterable[str]) -> tuple[str, ...]:
    """Returns the formats to make, in order and once each; TensorRT needs the SavedModel, so it adds that one."""
    wanted = set(asked)
    if TENSORRT in wanted:
        wanted.add(SAVED_MODEL)
    return tuple(name for name in FORMATS if name in wanted)


def require_replaceable(output: Path, formats: Iterable[str] = (SAVED_MODEL,)) -> None:
    """Raises: InputError when a format's folder holds something other than an export, which must not be deleted."""
    for name in to_make(formats):
        folder = folder_of(output, name)
        empty = folder.is_dir() and not any(folder.iterdir())
        if folder.exists() and not empty and not (folder / MARKS[name]).is_file():
            raise InputError(
                "the output must be a new folder or an earlier export",
                found=f"something else at {folder}",
                do="Name another output.",
            )

"""The formats a trained model can be exported to, how they are asked for, and where each one goes.

The version folder, named by whoever exports, holds the plain SavedModel. Every other format is beside it, under its
name: a model server looks for folders that are numbers, and passes over `7-tflite`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from sentiment.errors import InputError

SAVED_MODEL, TENSORRT, TFLITE, TFLITE_INT8 = FORMATS = ("savedmodel", "tensorrt", "tflite", "tflite-int8")
# The file by which an earlier export of that format is known.
MARKS = {
    SAVED_MODEL: "saved_model.pb",
    TENSORRT: "saved_model.pb",
    TFLITE: "model.tflite",
    TFLITE_INT8: "model.tflite",
}


class FormatList(click.ParamType[tuple[str, ...]]):
    """Names with commas, or the same as a Python list (`['savedmodel', 'tflite']`); capitals do not matter."""

    name = "list"

    def __init__(self, names: Iterable[str] = FORMATS) -> None:
        self.names = tuple(names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        known = {name.lower(): name for name in self.names}
        words = [word.strip(" \t'\"") for word in str(value).strip(" \t[]()").split(",")]
        unknown = [word for word in words if word.lower() not in known]
        if unknown:
            self.fail(f"{', '.join(map(repr, unknown))} is none of {', '.join(self.names)}", param, ctx)
        return tuple(known[word.lower()] for word in words)


def folder_of(output: Path, name: str) -> Path:
    """Returns where the format `name` goes, when the version folder is `output`."""
    return output if name == SAVED_MODEL else output.with_name(f"{output.name}-{name}")


def to_make(asked: Iterable[str]) -> tuple[str, ...]:
    """Returns the formats to make, in order and once each: TensorRT is made from the SavedModel, so that comes too."""
    wanted = set(asked)
    if TENSORRT in wanted:
        wanted.add(SAVED_MODEL)
    return tuple(name for name in FORMATS if name in wanted)


def require_replaceable(output: Path, formats: Iterable[str] = (SAVED_MODEL,)) -> None:
    """Raises InputError when a format's place holds something that is no export, which must not be deleted."""
    for name in to_make(formats):
        folder = folder_of(output, name)
        empty = folder.is_dir() and not any(folder.iterdir())
        if folder.exists() and not empty and not (folder / MARKS[name]).is_file():
            raise InputError(
                "the output must be a new folder or an earlier export",
                found=f"something else at {folder}",
                do="Name another.",
            )

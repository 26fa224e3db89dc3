"""The teacher that a person names: a published version, or a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sentiment.disk import expanded
from sentiment.errors import InputError, NoSuchFile
from sentiment.serving.trained import LABELS, model_of_version, number_of
from sentiment.settings import Settings


@dataclass(frozen=True)
class Teacher:
    """A model that answers: its folder, and its number where it is a published version."""

    folder: Path
    version: int | None


def teacher_of(settings: Settings, which: str) -> Teacher:
    """Returns the teacher that a label, a number or a folder names.

    Raises: InputError when there is no such version or folder.
    """
    if which in LABELS or which.isdecimal():
        return Teacher(model_of_version(settings, which), number_of(settings, which))
    folder = Path(which)
    if not folder.is_dir():
        raise NoSuchFile(
            folder,
            must_hold=f"a teacher must be {', '.join(LABELS)}, a version's number or a model folder",
            do="Name one of them; `sentiment status` lists the versions.",
            kind="folder",
        )
    return Teacher(folder, None)


def require_apart(teacher: Teacher, output: Path, model_name: str) -> None:
    """Raises: InputError when the student would replace its teacher, or begin as it."""
    for flag, path in (("--output", output), ("--model-name", expanded(model_name))):
        if path.resolve() == teacher.folder.resolve():
            raise InputError(
                f"a student must be another model than its teacher, also by {flag}",
                found=f"{path} for both",
                do="Name a new folder." if flag == "--output" else "Name a smaller encoder.",
            )

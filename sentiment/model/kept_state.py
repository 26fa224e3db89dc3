"""What a stopped command goes on from: a folder beside the one that it makes, with states of TensorFlow's in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sentiment.errors import InputError


def folder_beside(output: Path) -> Path:
    """Returns the folder that keeps the states of what makes `output`. Raises: InputError when it is a link."""
    folder = output.with_name(f".{output.name}.unfinished")
    require_no_link(folder)
    return folder


def require_no_link(folder: Path) -> None:
    """Raises: InputError when `folder` is a link: what is written and removed in it would be somebody else's."""
    if folder.is_symlink():
        raise InputError(
            "the folder of an unfinished training or pretraining must not be a link",
            found=f"{folder}, a link to {folder.readlink()}",
            do="Remove the link, or name another --output.",
        )


def remove(folder: Path, names: Iterable[str]) -> None:
    """Removes folders in `folder`, unless that is a link, even by now: nothing that a link leads to is removed."""
    with suppress(OSError):  # it is gone, or a link: what only takes room stays
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for name in names:
                shutil.rmtree(name, ignore_errors=True, dir_fd=opened)
        finally:
            os.close(opened)


def index_of(state: Path) -> Path:
    """Returns the file of a state that has the checksums of all its tensors."""
    return state.with_name(f"{state.name}.index")


def require_readable(state: Path) -> None:
    """Raises an error unless every tensor matches its checksum: a half restored model could not start over."""
    from sentiment.tensorflow_setup import tf

    reader = tf.train.load_checkpoint(str(state))
    for name in reader.get_variable_to_shape_map():
        reader.get_tensor(name)

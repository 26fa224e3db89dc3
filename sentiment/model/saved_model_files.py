"""The files of a SavedModel that are kept and copied. They lie in its own folder, wherever a link says that they lie.

TF-Hub's cache holds plain files and folders. A link within the folder is read as the file that it leads to; one that
leads out would carry any file of this machine into a model folder, and one to a folder might lead round in a ring.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sentiment import disk
from sentiment.errors import InputError

FILE, VARIABLES, ASSETS = "saved_model.pb", "variables", "assets"
# Without keras_metadata.pb: nothing here reads it, and Keras would run the Python code that a Lambda layer keeps there.
PARTS = (FILE, "fingerprint.pb", VARIABLES, ASSETS)
# What TensorFlow's loaders open, too, where it is there: nobody has looked it over, and no encoder needs it.
OTHERS = ("debug", "saved_model.pbtxt", "saved_model.cpb")
DEEPEST = 16  # folders, one in the other
LONGEST_NAME = 1000  # characters of an asset's, with the folders in it
MOST_ASSETS = 1000  # a BERT of TF-Hub has one or two


def files(folder: Path) -> list[Path]:
    """Returns the files of a SavedModel, below `folder`. Raises: InputError when one of them lies elsewhere."""
    if found := next(elsewhere(folder), ""):
        raise InputError(
            "an encoder's files must lie in its own folder",
            found=f"{found[:200]} in {folder}",
            do="Do not use it. Or remove what need not be there; look where its links lead, and copy it with `cp -rL`.",
        )
    return [path for path in _paths(folder) if path.is_file()]


def elsewhere(folder: Path) -> Iterator[str]:
    """Yields, in words, what is no file or folder of the SavedModel's own, or no part of what is looked over."""
    for other in OTHERS:
        if os.path.lexists(folder / other):
            yield f"{other}, which would be loaded unseen: remove it"
    for path in _paths(folder):
        name = path.relative_to(folder)
        if len(name.parts) > DEEPEST:  # of which each path takes longer to follow
            yield f"the folder {Path(*name.parts[:3])}, which goes deeper than {DEEPEST}"
            return
        if not str(name).isprintable():  # in the digest of an encoder, a line break would be the end of its line
            yield f"the name {str(name)!a}, which has more than plain characters"
        elif not is_inside(path, folder):
            yield f"the link {name}, which leads out of its folder"
        elif path.is_symlink() and path.is_dir():
            yield f"the link {name}, which leads to a folder"
        elif not path.is_dir() and not path.is_file():
            yield f"{name}, which is no file"
        elif path.is_file() and disk.is_sparse(path):
            yield f"{name}, parts of which were never written (a sparse file)"


def misnamed(folder: Path, assets: Sequence[str]) -> Iterator[str]:
    """Yields, in words, the assets that do not lie in their folder; each part of a name is looked up on the disk."""
    if len(assets) > MOST_ASSETS:
        yield f"{len(assets)} assets, where at most {MOST_ASSETS} may be"
        return
    for name in assets:
        if len(name) > LONGEST_NAME or name.count("/") >= DEEPEST:
            yield f"the asset {name[:50]!r}…, whose name is longer than {LONGEST_NAME} or deeper than {DEEPEST}"
        elif not is_inside(folder / ASSETS / name, folder / ASSETS):
            yield f"the asset {name!r}, which is outside its folder"


def is_inside(file: Path, folder: Path) -> bool:
    """Tells whether a path lies in `folder` when all links are followed; what cannot be a path lies nowhere."""
    try:
        return Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))
    except ValueError:  # it has a NUL
        return False


def _paths(folder: Path) -> Iterator[Path]:
    """Yields what stands at the parts of a SavedModel and below them, links to nowhere too; no link is gone into."""
    for part in (folder / part for part in PARTS):
        if os.path.lexists(part):
            yield part
            yield from () if part.is_symlink() or not part.is_dir() else _below(part)


def _below(folder: Path) -> Iterator[Path]:
    """Yields everything below a folder, however deep."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                yield Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))

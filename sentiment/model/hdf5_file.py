"""Looks an HDF5 file of weights over before anybody reads it: plain arrays of numbers, all of them inside the file.

HDF5 can name other files: by external links, external storage and virtual data sets. Whoever reads such a file reads
those. It can also declare arrays far larger than itself, and store them through filters (compression and others, one
upon another), whose output nothing bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentiment.errors import InputError

LARGEST_RATIO = 10  # how many times larger than the file its arrays may be: room for parts that were never written
NUMBERS = "fiub"  # numpy's kinds of floats, whole numbers and booleans


def require_plain(path: Path) -> None:
    """Raises: InputError when the HDF5 file at `path` has anything but its own plain arrays of numbers.

    A file that is missing, or no HDF5 at all, passes: whoever reads it says so.
    """
    if not path.is_file() or not (found := next(_oddities(path), "")):
        return
    raise InputError(
        "a file of weights must hold plain arrays of numbers, and nothing that lies in another file",
        found=f"{found} in {path}",
        do="Do not use it. Fetch it again from its publisher, or save the weights anew.",
    )


def _oddities(path: Path) -> Iterator[str]:
    import h5py

    try:
        file = h5py.File(path)
    except OSError:
        return
    with file:
        bytes_left = LARGEST_RATIO * path.stat().st_size
        pending, seen = [("", file)], set()
        while pending:
            where, group = pending.pop()
            for name in group:
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    yield f"the link {where}/{name}"
                    continue
                item = group[name]
                if (identity := h5py.h5o.get_info(item.id).addr) in seen:
                    continue
                seen.add(identity)
                if isinstance(item, h5py.Group):
                    pending.append((f"{where}/{name}", item))
                elif odd := _oddity(item):
                    yield f"{odd} {where}/{name}"
                elif (bytes_left := bytes_left - item.size * item.dtype.itemsize) < 0:
                    yield f"arrays of more than {LARGEST_RATIO} times the file's size"


def _oddity(item: Any) -> str:
    """Returns what an object of the file is, if it is not a plain array of numbers."""
    import h5py

    if not isinstance(item, h5py.Dataset):
        return "something that is no array,"
    if item.external:
        return "external storage of"
    if item.is_virtual:
        return "the virtual array"
    if item.id.get_create_plist().get_nfilters():
        return "compression or another filter of"
    if item.dtype.kind not in NUMBERS:
        return "no numbers, but"
    return "" if item.shape is not None else "an array without a shape,"

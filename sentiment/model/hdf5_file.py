"""Looks an HDF5 file of weights over before anybody reads it: plain arrays of numbers, all of them inside the file.

HDF5 can name other files: by external links, external storage and virtual data sets. Whoever reads such a file reads
those. It can also declare arrays far larger than itself, and store them, or the names in a group, through filters
(compression and others, one upon another), whose output nothing bounds. Its attributes can hold one text many times.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.processes import python_module
from sentiment.text.harmless import visible

LARGEST_RATIO = 10  # how many times larger than the file its arrays may be: room for parts that were never written
NUMBERS = "fiub"  # numpy's kinds of floats, whole numbers and booleans
MOST_ATTRIBUTES = 1_000  # of a group or an array: each is looked up among all of them
LONGEST_TOLD = 200  # characters of what HDF5 says
FILTERED = 1 << 0x0B  # the bit of HDF5's message "filter pipeline" in what is said of an object's header


def require_plain(path: Path) -> None:
    """Raises: InputError when the HDF5 file at `path` has anything but its own plain arrays of numbers.

    A file that is missing, or no HDF5 at all, passes: whoever reads it says so.
    """
    if not path.is_file() or not (found := _first_oddity(path)):
        return
    raise InputError(
        "a file of weights must hold plain arrays of numbers, and nothing that lies in another file",
        found=f"{found} in {path}",
        do="Do not use it. Fetch it again from its publisher, or save the weights anew.",
    )


def _first_oddity(path: Path) -> str:
    try:
        return next(_oddities(path), "")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - HDF5 raises many kinds of errors about a damaged file
        return f"damage ({visible(' '.join(str(error).split()), LONGEST_TOLD)})"


def _oddities(path: Path) -> Iterator[str]:
    import h5py

    try:
        file = h5py.File(path)
    except OSError:
        return
    with file:
        bytes_left = LARGEST_RATIO * path.stat().st_size
        pending, seen, has_texts = [("", file)], set(), False
        while pending:
            where, group = pending.pop()
            if h5py.h5o.get_info(group.id).hdr.mesg.present & FILTERED:
                yield f"compression or another filter of the names in {where or '/'}"
                return  # they are not unpacked
            odd, several = _attributes(group)
            has_texts |= several
            if odd:
                yield f"{odd} of {where or '/'}"
                return
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
                elif odd := _attributes(item)[0]:
                    yield f"{odd} of {where}/{name}"
                elif (bytes_left := bytes_left - item.size * item.dtype.itemsize) < 0:
                    yield f"arrays of more than {LARGEST_RATIO} times the file's size"
    child = python_module("sentiment.model.hdf5_attributes", str(path))
    if has_texts and subprocess.run(child, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        yield "attributes whose texts take far more memory than names do"


def _attributes(item: Any) -> tuple[str, bool]:
    """Returns what is odd about an object's attributes, and whether one of them holds several texts of any length."""
    import h5py

    if (number := h5py.h5o.get_info(item.id).num_attrs) > MOST_ATTRIBUTES:
        return f"more than {MOST_ATTRIBUTES:,} attributes", False
    several = False
    for index in range(number):
        attribute = h5py.h5a.open(item.id, index=index)
        kind = attribute.get_type()
        if not isinstance(
            kind, h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID | h5py.h5t.TypeEnumID | h5py.h5t.TypeStringID
        ):
            return "an attribute that is neither numbers nor texts", False
        is_text = isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str()
        several |= is_text and attribute.get_space().get_simple_extent_npoints() > 1
    return "", several


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

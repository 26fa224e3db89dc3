"""What is odd about an HDF5 file of weights. Whoever loads it can then only read what it stores, and that once.

HDF5 can name other files: by external links, external storage and virtual data sets. Whoever reads such a file reads
those. It can declare arrays far larger than itself, and store them, or the names in a group, through filters
(compression and others, one upon another), whose output nothing bounds. Its links can give one object many names, and
the lists that Keras reads by can name one array many times: each name copies it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sentiment.model.hdf5_attributes import Attributes, OddError, is_of_numbers
from sentiment.text.harmless import visible

MOST_OBJECTS = 20_000  # groups and arrays; a BERT of 24 layers has 1,500
DEEPEST = 32  # groups, one in the other; BERT's have 10
LONGEST_PATH = 512  # bytes of an object's name with those of the groups that it is in; BERT's have 110
LONGEST_TOLD = 200  # characters of what HDF5 says
FILTERED = 1 << 0x0B  # the bit of HDF5's message "filter pipeline" in what is said of an object's header


def first_oddity(path: Path) -> str:
    """Returns in words what is odd about a file; an empty text if nothing is, or if it is no HDF5 at all.

    It is for a process with limited memory and time: HDF5 may take any amount of both.
    Raises: OSError when HDF5 cannot open it.
    """
    import h5py

    if not h5py.is_hdf5(path):
        return ""
    file = h5py.File(path)
    try:
        with file:
            _Look(path.stat().st_size).over(file)
    except OddError as odd:
        return str(odd)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - HDF5 raises many kinds of errors about a damaged file
        return f"damage ({visible(' '.join(str(error).split()), LONGEST_TOLD)})"
    return ""


class _Look:
    """What was seen of a file so far, and what it may still have."""

    def __init__(self, size: int) -> None:
        self._attributes = Attributes()
        self._bytes_left, self._objects_left = size, MOST_OBJECTS
        self._seen: set[int] = set()  # addresses
        self._groups: set[str] = set()
        self._arrays: set[str] = set()

    def over(self, file: Any) -> None:
        """Looks at everything in `file`. Raises: OddError at the first thing that is odd."""
        import h5py

        self._seen.add(h5py.h5o.get_info(file.id).addr)
        pending = [("", file)]
        while pending:
            where, group = pending.pop()
            if h5py.h5o.get_info(group.id).hdr.mesg.present & FILTERED:
                raise OddError(f"compression or another filter of the names in {where or '/'}")  # they are not unpacked
            self._attributes.look_at(group, where)
            for path, item in self._below(group, where):
                if isinstance(item, h5py.Group):
                    self._groups.add(path)
                    pending.append((path, item))
                else:
                    self._look_at_array(item, path)
        _require_once(self._attributes.layers, self._groups)
        _require_once(self._attributes.weights, self._arrays)

    def _below(self, group: Any, where: str) -> Iterator[tuple[str, Any]]:
        """Yields the paths and objects of a group; each of them has no other name in the file."""
        import h5py

        for name, kind, address in self._links(group, where):
            path = f"{where}/{name}"
            if kind != h5py.h5l.TYPE_HARD:
                raise OddError(f"the link {path}")
            if address in self._seen:
                raise OddError(f"another name of something: {path}")
            if path.count("/") > DEEPEST:
                raise OddError(f"groups that go deeper than {DEEPEST}: {path}")
            self._seen.add(address)
            yield path, group[name]

    def _links(self, group: Any, where: str) -> list[tuple[str, int, int]]:
        """Returns a group's links: names, kinds and addresses. Neither more nor longer ones are read than may be."""
        found: list[tuple[bytes, int, int]] = []
        room = LONGEST_PATH - len(where.encode()) - 1

        def take(name: bytes, link: Any) -> str | None:  # an error that is raised here would be lost
            self._objects_left -= 1
            if self._objects_left < 0:
                return f"more than {MOST_OBJECTS:,} groups and arrays"
            if len(name) > room or name in (b"", b".") or b"/" in name:
                return f"a name in {where or '/'} that is none, or longer than names are"
            found.append((name, link.type, link.u))  # `link` itself is HDF5's, and another one the next time
            return None

        if odd := group.id.links.iterate(take, info=True)[0]:
            raise OddError(odd)
        return [(name.decode(), kind, address) for name, kind, address in found]

    def _look_at_array(self, item: Any, path: str) -> None:
        if odd := _oddity(item):
            raise OddError(f"{odd} {path}")
        self._attributes.look_at(item, path)
        self._arrays.add(path)
        self._bytes_left -= item.size * item.dtype.itemsize
        if self._bytes_left < 0:
            raise OddError("arrays that are larger than the file")


def _oddity(item: Any) -> str:
    """Returns what an object of the file is, if it is not a plain array of numbers."""
    import h5py

    if not isinstance(item, h5py.Dataset):
        return "something that is no array,"
    if item.external:
        return "external storage of"
    if item.is_virtual:
        return "the virtual array"
    if (created := item.id.get_create_plist()).get_nfilters():
        return "compression or another filter of"
    if created.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT):
        return "pieces, each of which takes memory by itself, of"
    if not is_of_numbers(item.id.get_type()):
        return "no numbers, but"
    return "" if item.shape is not None else "an array without a shape,"


def _require_once(named: Iterable[str], there: set[str]) -> None:
    """Raises: OddError unless each of the names is the plain path of something that is there, and none is repeated."""
    left = set(there)
    for path in named:
        if path not in left:
            raise OddError(f"a second name, or one of nothing that is there: {path}")
        left.remove(path)

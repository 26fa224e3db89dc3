"""The child that reads all attributes of an HDF5 file: `python -m sentiment.model.hdf5_attributes FILE`.

An attribute may hold many texts. All of them may be the same text of the file, which takes its memory for each again.
No call of HDF5 tells the sum before it is read. So it is read here first, with limited memory and processor time.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEMORY = 256 << 20  # bytes that the attribute with the most texts may take
MOST_TEXT = 16 << 20  # bytes of all of them; the names of BERT's layers and weights take some ten thousand
SECONDS = 60  # of processor time
TOO_LARGE = 3  # the exit code


def main(path: Path) -> int:
    """Returns 0 when the attributes fit; whatever else ends it, they do not."""
    import h5py

    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY,) * 2)
    left = MOST_TEXT
    try:
        with h5py.File(path) as file:
            for item in _objects(file):
                for name in item.attrs:
                    left -= _size(item.attrs[name])
                    if left < 0:
                        return TOO_LARGE
    except (MemoryError, OSError, RuntimeError):  # HDF5's own errors: there was no memory, too
        return TOO_LARGE
    return 0


def _objects(file: Any) -> Iterator[Any]:
    """Yields a file's groups and arrays, each once: the links of a file may lead round in a ring."""
    import h5py

    pending, seen = [file], {h5py.h5o.get_info(file.id).addr}
    while pending:
        yield (item := pending.pop())
        for name in item if isinstance(item, h5py.Group) else ():
            inner = item[name]
            if (address := h5py.h5o.get_info(inner.id).addr) not in seen:
                seen.add(address)
                pending.append(inner)


def _size(value: Any) -> int:
    texts = value.ravel() if hasattr(value, "ravel") else [value]
    return sum(len(text) if isinstance(text, str | bytes) else 0 for text in texts)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""What a process that computes a SavedModel may do to its machine: the kernel takes everything else from it.

The look at a graph (`sentiment.model.saved_model`) finds what it knows. What it does not find meets this: a file that
the process may not open, whatever operation asks. Where the kernel cannot do it, a line says so, and the look stands
alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sentiment import landlock
from sentiment.landlock import Rights
from sentiment.step import say

PACKAGE = Path(__file__).resolve().parents[1]
# What Python, TensorFlow and gRPC read of a machine. No /etc/shadow, no one's home.
MACHINE = ("/usr", "/lib", "/lib64", "/opt", "/proc", "/sys", "/dev/urandom", "/dev/random")
OF_ETC = ("ld.so.cache", "localtime", "ssl", "hosts", "nsswitch.conf", "resolv.conf", "os-release")
DEVICES = ("/dev/null", "/dev/tty", "/dev/nvidia*", "/dev/dri", "/dev/kfd")  # the accelerators' drivers, if any
CACHES = (".cache", ".config/matplotlib", ".nv")  # of the person's: fonts, downloads, what a GPU's driver compiled


def alone(
    reads: Iterable[Path], writes: Iterable[Path] = (), whole_disk: bool = False, empties: Path | None = None
) -> None:
    """Leaves a process its machine's programs, `reads` and `writes`: it starts nothing, and connects to nobody.

    With `whole_disk` it may read everything that its user may. In `empties` it may remove empty folders.
    """
    readable = None if whole_disk else [*map(Path, _machine()), *reads]
    _take(Rights([*_devices(), *writes], readable, [empties] if empties else (), alone=True))


def writing_only(writes: Iterable[Path]) -> None:
    """Leaves a process, to write into, `writes`, the temporary folder, and the caches of who started it."""
    caches = (Path.home() / name for name in CACHES)
    named = (os.environ[name] for name in ("XDG_CACHE_HOME", "HF_HOME", "TFHUB_CACHE_DIR") if os.environ.get(name))
    everywhere = (Path(tempfile.gettempdir()), Path("/dev/shm"), *caches, *map(Path, named))
    folders = (path if path.is_dir() else nearest(path) for path in writes)
    _take(Rights([*_devices(), *everywhere, *(one for folder in folders for one in with_links(folder))]))


def nearest(path: Path) -> Path:
    """Returns the folder in which `path` is made, and its temporary names: the nearest one above it that is there."""
    return next(folder for folder in path.resolve().parents if folder.is_dir())


def with_links(folder: Path) -> Iterator[Path]:
    """Yields a folder and where the links in it lead, three levels deep: rights below a folder end at a link."""
    yield folder
    for pattern in ("*", "*/*", "*/*/*"):
        yield from (path.resolve() for path in folder.glob(pattern) if path.is_symlink())


def _take(rights: Rights) -> None:
    try:
        why_not = "" if landlock.leave_only(rights) else "it has no Landlock, or one that is too old"
    except OSError as error:
        why_not = str(error)
    if why_not:
        say(f"the kernel does not confine this process to its own files ({why_not}): SECURITY.md says what then holds")


def _machine() -> Iterable[str]:
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    python = [sys.prefix, sys.base_prefix, sys.executable, str(PACKAGE / "sentiment"), *sys.path]
    return filter(os.path.isabs, [*MACHINE, *(f"/etc/{name}" for name in OF_ETC), *python, *libraries])


def _devices() -> list[Path]:
    return [path for pattern in DEVICES for path in Path("/").glob(pattern.lstrip("/"))]

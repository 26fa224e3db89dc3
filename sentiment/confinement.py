"""What a process that computes a SavedModel may do to its machine: the kernel takes everything else from it.

The look at a graph (`sentiment.model.saved_model`) finds what it knows. What it does not find meets this: a file that
the process may not open, whatever operation asks. Where the kernel cannot do it, a line says so, and the look stands
alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sentiment import landlock
from sentiment.landlock import Rights
from sentiment.step import say

OURS = str(Path(__file__).resolve().parent)
PACKAGES = ("site-packages", "dist-packages")
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


def writing_only(folders: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Leaves a process, to write into: `folders`, which are made; those in which `outputs` are made, with all that lies
    there, and where such a name is a link, where it leads; the temporary folder; the caches of who started it.
    """
    beside = [one for path in outputs for one in (path.absolute().parent, Path(os.path.realpath(path)).parent)]
    made = [folder for folder in (*folders, *beside, *_made_caches()) if _is_made(folder)]
    _take(Rights([*_devices(), Path(tempfile.gettempdir()), Path("/dev/shm"), *_caches(), *made]))


def _is_made(folder: Path) -> bool:
    """Makes a folder that is not there: the rights of one above it would be those of all that lies beside it."""
    with suppress(OSError):  # whoever needs it says why it cannot be made
        folder.mkdir(parents=True, exist_ok=True)
    return folder.is_dir()


def _made_caches() -> list[Path]:
    """Returns the caches that are made where they are missing, for a program fills them."""
    named = (os.environ.get(name) for name in ("XDG_CACHE_HOME", "HF_HOME", "TFHUB_CACHE_DIR"))
    return [Path(path).absolute() for path in named if path]


def _caches() -> list[Path]:
    try:
        home = Path.home()
    except RuntimeError:  # a user who has none
        return []
    return [home / name for name in CACHES]


def _take(rights: Rights) -> None:
    try:
        why_not = "" if landlock.leave_only(rights) else "it has no Landlock, or one that is too old"
    except OSError as error:
        why_not = str(error)
    if why_not:
        say(f"the kernel does not confine this process to its own files ({why_not}): SECURITY.md says what then holds")


def _machine() -> Iterable[str]:
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    packages = [path for path in sys.path if Path(path).name in PACKAGES]  # not the folder that somebody stands in
    python = [sys.prefix, sys.base_prefix, sys.executable, OURS, *packages]
    return filter(os.path.isabs, [*MACHINE, *(f"/etc/{name}" for name in OF_ETC), *python, *libraries])


def _devices() -> list[Path]:
    return [path for pattern in DEVICES for path in Path("/").glob(pattern.lstrip("/"))]

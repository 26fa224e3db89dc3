"""What a process that computes a SavedModel may do to its machine: the kernel takes everything else from it.

The look at a graph (`sentiment.model.saved_model`) finds what it knows. What it does not find meets this: a file that
the process may not open, whatever operation asks. Where the kernel cannot do it, a line says so, and the look stands
alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sentiment import landlock, machine_files
from sentiment.landlock import Rights
from sentiment.step import say


def alone(
    reads: Iterable[Path], writes: Iterable[Path] = (), whole_disk: bool = False, empties: Path | None = None
) -> None:
    """Leaves a process its machine's programs, `reads` and `writes`: it starts nothing, and connects to nobody.

    With `whole_disk` it may read everything that its user may. In `empties` it may remove empty folders.
    """
    readable = None if whole_disk else [*machine_files.programs(), *reads]
    _take(Rights([*machine_files.devices(), *writes], readable, empties=[empties] if empties else (), alone=True))


def to_a_verb(
    folders: Iterable[Path], outputs: Iterable[Path], inputs: Iterable[Path], *, files: Iterable[Path], buckets: bool
) -> None:
    """Leaves a process what a verb reads and writes; it may start others, which have no more, and connect.

    It writes to `folders` and `files`, which are made; to those in which `outputs` lie, with all that lies there, and
    where such a name is a link, where it leads; to the temporary folder and its user's caches. Beside these it reads
    its machine's programs, `inputs`, and, with `buckets`, what opens those.
    """
    beside = [one for path in outputs for one in (path.absolute().parent, Path(os.path.realpath(path)).parent)]
    made = [folder for folder in (*folders, *beside, *machine_files.named_caches()) if _is_made(folder)]
    made += [file for file in files if _is_made(file.parent) and _is_touched(file)]
    writes = [Path(tempfile.gettempdir()), Path("/dev/shm"), *machine_files.devices(), *machine_files.caches(), *made]
    reads = [*machine_files.programs(), *machine_files.of_the_person(buckets=buckets), *inputs]
    _take(Rights(writes, reads, lists=machine_files.searched()))


def _is_made(folder: Path) -> bool:
    """Makes a folder that is not there: the rights of one above it would be those of all that lies beside it."""
    with suppress(OSError):  # whoever needs it says why it cannot be made
        folder.mkdir(parents=True, exist_ok=True)
    return folder.is_dir()


def _is_touched(file: Path) -> bool:
    with suppress(OSError):  # whoever needs it says why it cannot be made
        file.touch()
    return file.is_file()


def _take(rights: Rights) -> None:
    try:
        why_not = "" if landlock.leave_only(rights) else "it has no Landlock, or one that is too old"
    except OSError as error:
        why_not = str(error)
    if why_not:
        say(f"the kernel does not confine this process to its own files ({why_not}): SECURITY.md says what then holds")

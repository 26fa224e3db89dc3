"""What a process that computes a SavedModel may do to its machine: the kernel takes everything else from it.

The look at a graph (`sentiment.model.saved_model`) finds what it knows. What it does not find meets this: a file that
the process may not open, whatever operation asks. Where the kernel cannot do it, a line says so, and the look stands
alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from sentiment import landlock, links, machine_files
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
    folders: Iterable[Path],
    outputs: Iterable[Path],
    inputs: Iterable[Path],
    *,
    changed: Iterable[Path] = (),
    trusted: Iterable[Path] = (),
    files: Iterable[Path] = (),
    buckets: bool = False,
    ray: bool = False,
) -> None:
    """Leaves a process what a verb reads and writes; it may start others, which have no more, and connect.

    It writes to `folders`, `changed` and `files`, which are made; to those in which `outputs` lie, with all that lies
    there; to the temporary folder and its user's caches. Beside these it reads its machine's programs, `inputs`,
    `trusted`, and, with `buckets`, what opens those, with `ray`, its token. Links of its user's are followed, but for
    the name of an output: a file takes the place of that. Raises: InputError when a link may be a stranger's.
    """
    there = _real([Path(tempfile.gettempdir()), Path("/dev/shm"), *machine_files.caches()])
    own, inputs = _real(folders), list(inputs)
    asked = [*machine_files.named_caches(), *changed, *_places(outputs)]
    strangers = [*there, *own, *_real(path for path in (*asked, *inputs) if _is_folder(path))]
    written = links.ends(asked, strangers, [*there, *own])
    of_the_person = machine_files.of_the_person(buckets=buckets, ray=ray)
    read = links.ends([*inputs, *of_the_person], strangers, [*there, *own, *written])
    made = [*there, *(folder for folder in (*own, *written) if _is_made(folder))]
    made_files = [file for file in files if _is_made(file.parent) and _is_touched(file)]
    ours = [*machine_files.programs(), *trusted]
    lists = [*machine_files.searched(), Path("/dev")]  # a child of its own looks there for the accelerators
    with ExitStack() as held:
        writes = [*machine_files.devices(), *made_files, *_held(made, held)]
        _take(Rights(writes, [*ours, *_held(read, held)], lists=lists))


def _places(outputs: Iterable[Path]) -> Iterator[Path]:
    """Yields the folders in which outputs lie; an output itself where it is a link to a folder: that is written to."""
    for path in outputs:
        yield path.absolute().parent
        if _is_folder(path) and path.is_symlink():
            yield path


def _real(paths: Iterable[Path]) -> list[Path]:
    return [Path(os.path.realpath(path)) for path in paths]


def _is_folder(path: Path) -> bool:
    with suppress(OSError):  # a name that cannot be, or one that the user may not look at
        return path.is_dir()
    return False


def _held(ends: Iterable[Path], held: ExitStack) -> Iterator[Path]:
    """Opens where ways ended, until the rights are given, and yields each by its number: no link comes in between."""
    for end in ends:
        with suppress(OSError, ValueError):  # nothing that is there, or that may be reached: it stays without rights
            held.callback(os.close, number := links.opened(end))
            yield Path(f"/proc/self/fd/{number}")


def _is_made(folder: Path) -> bool:
    """Makes a folder that is not there: the rights of one above it would be those of all that lies beside it."""
    with suppress(OSError):  # whoever needs it says why it cannot be made
        folder.mkdir(parents=True, exist_ok=True)
    return _is_folder(folder)


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

"""Says in one line that a disk is full or failing: which file, how much is free, what to free.

It also says that a folder lies where a file must be (Docker makes one where the file of a mount is missing), that a
file lies where a folder must be, and that somebody may not read or write there.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from sentiment import landlock, links
from sentiment.errors import InputError, UnavailableError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FAILING = frozenset({errno.EIO, errno.EROFS})
NO_PATH = frozenset({errno.ENAMETOOLONG, errno.ELOOP})
LONGEST_SHOWN = 200  # characters of a path that cannot be
ROOM = 1 << 20  # bytes that must fit on a disk of which one says that it is not full
FREE = "Free space there (old folders of runs/ and files of datasets/quarantine/ go first), then repeat the command."
EMPTY = (
    "Docker makes an empty folder where the file of a mount is missing: remove it if it is empty (`rmdir`), or move it "
    "away, then repeat the command."
)
ALLOW = "Give that user the right, or name another place."
CONFINED = (
    "It may use what its options name and the home's own files, if its user may, but not where a link among them leads "
    "(SECURITY.md): put the file there itself, or name the place where it is."
)
RENAME = "Name another place."
LOOK = "Look at the machine's kernel log and at that disk, then repeat the command."


def is_full(error: OSError) -> bool:
    """Tells whether a write failed for lack of space."""
    return error.errno in FULL


def is_about_the_disk(error: OSError) -> bool:
    """Tells whether the machine is at fault, not the file or its path."""
    return error.errno in FULL | FAILING


def named(error: OSError, path: Path) -> OSError:
    """Returns the error with the file that it is about: the kernel names none when a write or a flush fails."""
    if error.filename is None and is_about_the_disk(error):
        error.filename = str(path)
    return error


def refusal(error: OSError) -> InputError | None:
    """Returns the line about a full or failing disk, a missing right, a path that cannot be, or what is in the way.

    None for all other errors.
    """
    if isinstance(error, shutil.Error):
        return _of_a_copied_folder(error)
    if is_about_the_disk(error):
        return told(error.strerror or str(error), error.filename, full=is_full(error))
    if isinstance(error, IsADirectoryError) and (folder := _folder_of(error)):
        return InputError(f"{folder} must be a file", found="a folder", do=EMPTY)
    if isinstance(error, NotADirectoryError | FileExistsError) and (file := _file_of(error)):
        return InputError(f"{file} must be a folder", found="a file", do=RENAME)
    if error.errno in NO_PATH and isinstance(error.filename, str | bytes):
        found = f"{os.fsdecode(error.filename)[:LONGEST_SHOWN]!r}: {error.strerror}"
        return InputError("the name of a file or folder must be one that the system can have", found=found, do=RENAME)
    if taken := taken_right(error):
        return taken
    if isinstance(error, PermissionError) and error.filename:
        name = os.fsdecode(error.filename)
        return InputError(f"the user who gives a command must be allowed to use {name}", found="no right", do=ALLOW)
    return None


def taken_right(error: OSError) -> InputError | None:
    """Returns the line about a right that the kernel took from this process, or that its user never had.

    None where nothing was taken, and for all other errors.
    """
    if not (isinstance(error, PermissionError) and error.filename and landlock.has_taken()):
        return None
    name = os.fsdecode(error.filename)
    way = links.followed(Path(name), [Path("/")])
    found = f"the link {way.link}, to {way.end}" if way.link else "no right"
    return InputError(f"a command that computes an encoder must be allowed to use {name}", found=found, do=CONFINED)


def _folder_of(error: OSError) -> Path | None:
    """Returns the folder that stands in the way: of a rename, it is the second name."""
    named = (name for name in (error.filename, error.filename2) if isinstance(name, str | bytes))
    return next((path for path in map(Path, map(os.fsdecode, named)) if path.is_dir()), None)


def _of_a_copied_folder(error: shutil.Error) -> InputError | None:
    """Returns the line about the first file of a folder that could not be copied: what is known of each is a text."""
    failed = error.args[0] if error.args and isinstance(error.args[0], list) else []
    for _, copy, why in (one for one in failed if len(one) == 3):
        if number := re.match(r"\[Errno (\d+)\] ", str(why)):
            code = int(number[1])
            return refusal(OSError(code, os.strerror(code), os.fspath(copy)))
    return None


def _file_of(error: OSError) -> Path | None:
    """Returns the file that stands where a folder must be."""
    if not isinstance(error.filename, str | bytes):
        return None
    path = Path(os.fsdecode(error.filename))
    return next((one for one in (path, *path.parents) if one.is_file()), None)


def told(what: str, path: str | os.PathLike[str] | None, full: bool) -> UnavailableError:
    """Returns the line about `what` the system says of a file's disk."""
    place = f"the disk of {os.fspath(path)}" if path else "every disk that is written to"
    if not full:
        return UnavailableError(f"{place} must be readable and writable", found=what, do=LOOK)
    return UnavailableError(f"{place} must have room", found=f"{what}{_free(path)}", do=FREE)


def expanded(name: str | os.PathLike[str]) -> Path:
    """Returns a path with the folder of a user for a `~` in front; unchanged where there is no such user."""
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def size_of(path: Path) -> int:
    """Returns the bytes of a file. Raises: OSError also for a pipe or a device: reading one may never end."""
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):  # of a folder, reading it says so
        raise OSError(errno.EINVAL, "it is no file, but a pipe or a device", str(path))
    return found.st_size


def has_holes(descriptor: int) -> bool:
    """Tells whether parts of a file take no disk: it may then be as large as no disk is, and all limits follow sizes.

    Its place is its beginning afterwards. Where the file system cannot tell, it has none.
    """
    try:
        return os.lseek(descriptor, 0, os.SEEK_HOLE) < os.fstat(descriptor).st_size
    except OSError:  # an empty file has no place to look at, and not every file system knows
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)


def is_sparse(path: Path) -> bool:
    """Tells whether parts of a file were never written. Raises: OSError when it cannot be opened."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return has_holes(descriptor)
    finally:
        os.close(descriptor)


def require_room(folder: Path) -> None:
    """Writes a megabyte there and drops it. Raises: OSError, with the folder, when that cannot be done."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".room-") as probe:
            probe.write(bytes(ROOM))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        error.filename = error.filename or str(folder)
        raise


def _free(path: str | os.PathLike[str] | None) -> str:
    try:
        if not path:
            return ""
        files = "" if _may_have_more_files(Path(path)) else ", but it can have no more files"
        return f" ({free(Path(path)) / 1e6:.1f} MB free{files})"
    except OSError:
        return ""


def free(path: Path) -> int:
    """Returns the bytes that are free on the disk of `path`, which need not exist yet."""
    return shutil.disk_usage(_there(path)).free


def _may_have_more_files(path: Path) -> bool:
    disk = os.statvfs(_there(path))
    return bool(disk.f_favail) or not disk.f_files  # some file systems count none


def _there(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())

"""Opens files at places that somebody else may have prepared: a pipe there would be waited for without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from sentiment.errors import InputError


def for_reading(path: Path) -> BinaryIO:
    """Opens a file. Raises: InputError for a pipe or a device, at once: reading one may never end, or begin."""
    return os.fdopen(_opened(path, os.O_RDONLY), "rb")


def for_a_lock(path: Path) -> BinaryIO:
    """Opens a file that is only held, and makes it when there is none. Raises: InputError as `for_reading`."""
    return os.fdopen(_opened(path, os.O_WRONLY | os.O_CREAT), "wb")


def _opened(path: Path, flags: int) -> int:
    no_file = InputError(f"{path} must be a file", found="a pipe or a device", do="Remove it, or name another place.")
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nobody reads the pipe, or it is a socket
            raise no_file from None
        raise
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise no_file

"""What every source of deliveries offers: its files, each with a fingerprint that shows whether it must be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sentiment.data.formats.recognise import is_archive
from sentiment.errors import InputError


class LeftForNextTime(Exception):
    """This file cannot be taken in now; the message says why. The next ingest finds it again."""


def _nothing(_: BinaryIO) -> None:
    """Confirms anything: a copy cannot change while it is read."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a source. Its key is its path below the source, the same in a folder and in a bucket.

    `open` yields the content as a local file in which one can seek. `confirm`, given that file after it was read, and
    `open` raise LeftForNextTime when it is not what `fingerprint` stands for any more. A file with a reason in `left`
    is not to be opened now; one with a reason in `not_read` is of a kind that is never read. `packed` is how many bytes
    an archive's member takes in the archive.
    """

    key: str
    fingerprint: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]
    confirm: Callable[[BinaryIO], None] = _nothing
    left: str = ""
    not_read: str = ""
    packed: int | None = None

    @property
    def delivered_size(self) -> int:
        """How many bytes the file takes where it was delivered."""
        return self.size if self.packed is None else self.packed


class Source(Protocol):
    """Where deliveries come from."""

    @property
    def address(self) -> str:
        """The source that the fingerprints belong to."""
        ...

    def files(self) -> Iterator[SourceFile]:
        """Yields every file, by key; those that are known to be none of a labeller's are not among them."""
        ...

    def nothing_found(self) -> InputError | None:
        """Returns, after `files`, what to say when there was no file whatsoever."""
        ...


MOST_LEFT = 200  # files that are named because of what they are, and not opened: anybody can make a million
NAMELESS = "./"  # what is told of objects that a bucket lists without their names, and of more than MOST_LEFT
LEADS_OUT = "its name leads out of where it lies: give it a plain name"
DOTTED = "its name has a part `.`, which no file's has: give it a plain name"
# What Spark, Hadoop and Delta Lake write beside the parts of a table, and packers and office programs beside a file.
_AUXILIARY = re.compile(
    r"\.(?!\.?$)|_SUCCESS$|_temporary$|_committed_|_started_|_metadata$|_common_metadata$|_spark_metadata$|_delta_log$|_logs$"
    r"|__MACOSX$|~\$|(?i:thumbs\.db|desktop\.ini)$|.*\.crc$"
)


def is_auxiliary(key: str) -> bool:
    """Tells whether a file is hidden (an upload in progress is), or is not for readers of the data."""
    return any(_AUXILIARY.match(part) for part in key.split("/"))


def fault_of_name(key: str) -> str:
    """Returns why a name with a part `..` or `.`, as an archive or a bucket may give one, is not read; "" otherwise."""
    parts = key.split("/")
    return LEADS_OUT if ".." in parts else DOTTED if "." in parts else ""


def folder_of(key: str) -> str:
    """Returns the first folder of a file's key, "" for a file (or an archive's member) in none."""
    folder, _, rest = key.partition("/")
    return folder if rest and not is_archive(folder) else ""

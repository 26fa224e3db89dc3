"""A .zip that holds exports: its members, each as bounded as a file of its own, and never one archive in another."""

from __future__ import annotations

import io
import posixpath
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from sentiment import disk
from sentiment.data.formats.encoding import READ, candidates
from sentiment.data.formats.unpack import BOUNDED, LARGEST_RATIO, most_unpacked

MOST_MEMBERS = 10_000
LARGEST_DIRECTORY = 4 << 20  # bytes of the list of its members, which takes several times that in memory
LARGEST_TOTAL = 4 << 30  # bytes of all members together, unpacked
NOT_COMPLETE = "the file is not a complete ZIP archive"
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_PIECE = 1 << 20
_ENCRYPTED = 0x1
_UTF_8_NAME = 0x800


class Damaged(Exception):
    """A member cannot be unpacked; the message says why."""


class Member(NamedTuple):
    """A file in an archive: its name, what tells it from an older one, its size, and why it cannot be unpacked.

    All members share the `archive`: to open it again for each of them would read the list of all of them each time.
    """

    name: str
    fingerprint: str
    size: int
    fault: str
    info: zipfile.ZipInfo
    archive: zipfile.ZipFile


class _LargeDirectory(Exception):
    """The list of an archive's members is too large to be read."""


class _Bounded:
    """An archive's file, of which `zipfile` may not read more at once than it must: it reads the whole list at once."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._read = file.read

    def read(self, size: int = -1) -> bytes:
        content = b"" if size > LARGEST_DIRECTORY else self._read(size if size >= 0 else LARGEST_DIRECTORY + 1)
        if max(size, len(content)) > LARGEST_DIRECTORY:
            raise _LargeDirectory
        return content


def members(file: BinaryIO) -> tuple[list[Member], str]:
    """Returns the files of an archive, or why it is not read at all."""
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, _Bounded(file)))
    except _LargeDirectory:
        return [], f"the archive's list of files takes more than {LARGEST_DIRECTORY >> 20} MiB"
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        _raise_of_the_disk(error)
        return [], NOT_COMPLETE
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MOST_MEMBERS:
        return [], f"the archive holds more than {MOST_MEMBERS:,} files"
    total, packed_total = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if packed_total > file.seek(0, io.SEEK_END):  # members that lie about their size, or over each other
        return [], NOT_COMPLETE
    if total > LARGEST_TOTAL:
        return [], f"the archive unpacks to more than {LARGEST_TOTAL >> 30} GB"
    if total > most_unpacked(packed_total):
        return [], f"the archive unpacks to more than {LARGEST_RATIO} times its size"
    return list(_named(archive, infos)), ""


def _named(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[Member]:
    taken: set[str] = set()
    for number, info in enumerate(infos, 1):
        name = _name(info)
        if name in taken:
            name = f"{name} ({number})"
        taken.add(name)
        yield Member(name, f"{info.CRC:08x}-{info.file_size}", info.file_size, _fault(info), info, archive)


def _fault(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: deliver it without a password"
    if info.compress_type not in BOUNDED:
        method = _METHODS.get(info.compress_type, f"method {info.compress_type}")
        return f"it is packed by {method}: pack it by Deflate, as .zip files usually are"
    return ""


def _name(info: zipfile.ZipInfo) -> str:
    """Returns a member's name. Many packers write it in the encoding of their machine, which nothing tells."""
    name = posixpath.normpath(info.filename.replace("\\", "/")).strip("/")
    if info.flag_bits & _UTF_8_NAME or name.isascii():
        return name
    content = name.encode("cp437", "replace")
    likely = max(((weight, each.codec) for weight, each in candidates(content) if each in READ), default=(0.0, ""))
    for codec in ("utf-8", likely[1]):
        try:
            return content.decode(codec) if codec else name
        except UnicodeDecodeError:
            continue
    return name


def _pieces(member: Member) -> Iterator[bytes]:
    try:
        with member.archive.open(member.info) as source:
            piece = source.read(_PIECE)
            while piece:
                yield piece
                piece = source.read(_PIECE)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        _raise_of_the_disk(error)
        raise Damaged("it cannot be unpacked: its data is damaged") from None


def _raise_of_the_disk(error: Exception) -> None:
    """A disk that fails is no fault of the archive: nothing is known about it yet."""
    if isinstance(error, OSError) and disk.is_about_the_disk(error):
        raise error


@contextmanager
def unpacked(member: Member, scratch: Path) -> Iterator[BinaryIO]:
    """Yields a copy of a member on the disk of the folder `scratch`. Raises: Damaged."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=scratch, prefix=".delivery-") as copy:
        for piece in _pieces(member):  # a disk that is full is no fault of the archive
            copy.write(piece)
        copy.seek(0)
        yield cast(BinaryIO, copy)

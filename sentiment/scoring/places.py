"""Where an archive is, and where its scores go: a folder, or a bucket's prefix. A file appears whole, or not at all."""

from __future__ import annotations

import errno
import functools
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from sentiment import atomic, opened
from sentiment.data.formats.allowance import OutOfTime
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.source.source import NAMELESS, LeftForNextTime, is_auxiliary
from sentiment.data.source.walk import HOLES, LINK, TOO_DEEP, walked
from sentiment.disk import expanded, has_holes
from sentiment.errors import InputError, NoSuchFile
from sentiment.scoring.in_parts import InParts

if TYPE_CHECKING:  # whoever has folders alone does not wait for boto3
    from sentiment.data.source.objects import Objects
    from sentiment.data.source.part import Patience

READ_AHEAD = 4 << 20  # bytes that are asked of a bucket at once
PARTS = 8 << 20  # bytes of a local file that are read at once
GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})  # also what a link leads to that is not there
OUTSIDE = "it links to a file outside of the archive"
NO_NAME = "its name is not UTF-8: give it another one"
CHANGED = "it changed while it was read: the next run scores it as it is then"


class Changed(Exception):
    """The file is not what it was when it was listed, or cannot be had now; the next run finds what it is by then."""

    def __init__(self, reason: str = CHANGED) -> None:
        super().__init__(reason)


@dataclass(frozen=True)
class Listed:
    """A file: its name below the place, its size in bytes, and a stamp that changes when its content does.

    With a reason in `closed` it is not to be opened: it is a folder that cannot be gone into, with a `/` behind its
    name, or a file that is none of the place's. `again` says that this may be otherwise tomorrow. `changed_at` is when
    anything about a local file changed last, which its owner cannot set back, as one can the time in its stamp.
    """

    name: str
    size: int
    stamp: str
    closed: str = ""
    again: bool = False
    changed_at: str = ""


class Place(Protocol):
    """A folder or a bucket's prefix. It can be pickled, and used from another machine that reaches it."""

    @property
    def address(self) -> str: ...

    @property
    def knows_content(self) -> bool:
        """Whether a file's stamp is the same for the same content (a bucket's tag), and not a mere time."""
        ...

    def listed(self, below: str = "") -> Iterator[Listed]:
        """Yields the files, without hidden ones and those that are being written."""
        ...

    def open(self, file: Listed) -> BinaryIO:
        """Returns the file, in which one can seek. Raises: UnreadableFile; also while it is read: Changed, OSError."""
        ...

    def confirm(self, file: Listed) -> None:
        """Raises: Changed when the file is another one by now."""
        ...

    def read(self, name: str) -> bytes | None:
        """Returns a whole file; None when there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Makes or replaces a file."""
        ...

    def remove(self, name: str) -> None: ...


def place_of(address: str) -> Place:
    """Returns the place of a path or of `s3://bucket/prefix`."""
    if address.startswith("s3://"):
        return BucketPlace(address)
    if "://" in address:
        raise InputError("a place must be a folder or s3://bucket/prefix", found=repr(address), do="Name one of these.")
    return FolderPlace(str(expanded(address).resolve()))


@dataclass(frozen=True)
class FolderPlace:
    """The files below a folder, which need not exist before something is written."""

    address: str
    knows_content = False

    @property
    def root(self) -> Path:
        return Path(self.address)

    def listed(self, below: str = "") -> Iterator[Listed]:
        folder = self.root / below
        if not folder.is_dir():
            return
        for path, why_closed in sorted(walked(folder)):
            name = os.fsencode(path.relative_to(self.root)).decode("utf-8", "backslashreplace")
            if is_auxiliary(name) and path != self.root:
                continue
            if why_closed:
                yield Listed(f"{name}/", 0, "", why_closed, again=why_closed not in (LINK, TOO_DEEP))
            else:
                yield from self._seen(path, name)

    def _seen(self, path: Path, name: str) -> Iterator[Listed]:
        """Yields a file; nothing of what is none, or gone by now."""
        try:
            status = path.stat()
        except OSError as error:
            if error.errno not in GONE:
                yield Listed(name, 0, "", error.strerror or str(error), again=True)
            return
        if stat.S_ISREG(status.st_mode):
            closed = self._why_closed(path, name)
            yield Listed(name, status.st_size, _stamp(status), closed, changed_at=f"{status.st_ctime_ns}")

    def _why_closed(self, path: Path, name: str) -> str:
        if path.is_symlink() and not path.resolve().is_relative_to(self.root):
            return OUTSIDE
        return "" if os.fsencode(path.relative_to(self.root)) == name.encode() else NO_NAME

    def open(self, file: Listed) -> BinaryIO:
        self.confirm(file)
        try:
            # Without blocking: what was a file may be a pipe by now.
            descriptor = os.open(self.root / file.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Changed from None
        try:
            self._require_it(descriptor, file)
        except BaseException:
            os.close(descriptor)
            raise
        return os.fdopen(descriptor, "rb", buffering=PARTS)

    def _require_it(self, descriptor: int, file: Listed) -> None:
        """Raises: Changed, UnreadableFile, when whoever writes to the archive has put something else in its place."""
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or _stamp(found) != file.stamp:
            raise Changed
        if not Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(self.root):
            raise UnreadableFile(OUTSIDE)
        if has_holes(descriptor):
            raise UnreadableFile(HOLES)

    def confirm(self, file: Listed) -> None:
        try:
            found = _stamp((self.root / file.name).stat())
        except FileNotFoundError:
            raise Changed from None
        if found != file.stamp:
            raise Changed

    def read(self, name: str) -> bytes | None:
        try:
            with opened.for_reading(self.root / name) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        with atomic.replacing(self.root / name) as temporary:
            temporary.write_bytes(content)

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


@dataclass(frozen=True)
class BucketPlace:
    """The objects of a bucket below a prefix; boto3 finds the address, region and credentials by itself."""

    address: str
    knows_content = True

    @property
    def _objects(self) -> Objects:
        from sentiment.data.source.objects import Objects
        from sentiment.data.source.refusal import settings_used

        with settings_used(self.address):
            return Objects(_client(), self.address)

    def _key(self, name: str) -> str:
        prefix = self.address.removeprefix("s3://").partition("/")[2].strip("/")
        return f"{prefix}/{name}" if prefix else name

    def listed(self, below: str = "") -> Iterator[Listed]:
        start = self._key(below)
        for entry in self._objects.listed(f"{start.rstrip('/')}/" if start else ""):
            name = entry.key.removeprefix(self._key(""))
            if not entry.key:
                yield Listed(NAMELESS, 0, "", entry.fault, again=True)
            elif not name.endswith("/") and not is_auxiliary(name):
                stamp = f"{entry.tag.strip(chr(34))}-{entry.size}"
                yield Listed(name, entry.size, stamp, entry.fault, again=bool(entry.fault))

    def open(self, file: Listed) -> BinaryIO:
        from sentiment.data.source.part import Patience

        # A part is as long as it should be, of what was listed, or refused.
        part = functools.partial(self._part, file, Patience(file.size))
        return cast(BinaryIO, io.BufferedReader(InParts(file.size, part), READ_AHEAD))

    def _part(self, file: Listed, patience: Patience, start: int, size: int) -> bytes:
        """Returns some bytes of the object that was listed.

        Raises: Changed when it is another one by now, or when the store does not give it, or not as much as it should.
        """
        from sentiment.data.source.part import Part

        part, found = Part(self._key(file.name), file.stamp.rpartition("-")[0], file.size, start, size), io.BytesIO()
        try:
            self._objects.fetch(part, found, patience)
        except (LeftForNextTime, OutOfTime) as error:
            raise Changed(str(error)) from None
        return found.getvalue()

    def confirm(self, file: Listed) -> None:
        """Every part was asked for by the object's tag, and came under no other: what was read is what was listed."""

    def read(self, name: str) -> bytes | None:
        return self._objects.whole(self._key(name))

    def write(self, name: str, content: bytes) -> None:
        self._objects.write(self._key(name), content)

    def remove(self, name: str) -> None:
        self._objects.remove(self._key(name))


@functools.cache
def _client() -> Any:
    from sentiment.data.source.store import new_client

    return new_client()


def require_source(place: Place) -> None:
    """Raises: NoSuchFile when a source is a folder that does not exist."""
    if isinstance(place, FolderPlace) and not place.root.is_dir():
        raise NoSuchFile(
            place.address, must_hold="the archive must be an existing folder", do="Correct --source.", kind="folder"
        )


def _beginning(place: Place) -> str:
    """Returns how the names of all files of a place begin, however many slashes its address has around them."""
    if isinstance(place, BucketPlace):
        return f"{place.address.removeprefix('s3://').partition('/')[0]}/{place._key('')}"
    return f"{place.address.rstrip('/')}/"


def require_apart(source: Place, output: Place) -> None:
    """Raises: InputError when the scores would lie among the posts, where the next run would read them."""
    if _beginning(output).startswith(_beginning(source)):
        raise InputError(
            "the scores must not lie within the archive", found=f"{output.address} in {source.address}",
            do="Name another --output.",
        )  # fmt: skip

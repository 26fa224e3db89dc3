"""The members of an archive as files of the source: each is a delivery of its own, `archive.zip/member`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sentiment.data.formats.archive import Member, members, unpacked
from sentiment.data.formats.recognise import PACKED, is_archive, why_not_read
from sentiment.data.room import largest_copy, why_too_large
from sentiment.data.source.source import LeftForNextTime, SourceFile, fault_of_name, is_auxiliary


def members_of(packed: SourceFile, content: BinaryIO, scratch: Path) -> tuple[list[SourceFile], str]:
    """Returns the members of the archive `packed`, whose content is open, or why it is not read at all.

    `scratch` is a folder on a disk that holds the largest member.
    """
    found, fault = members(content)
    return [_file(packed, content, member, scratch) for member in found if not is_auxiliary(member.name)], fault


def _file(packed: SourceFile, content: BinaryIO, member: Member, scratch: Path) -> SourceFile:
    return SourceFile(
        key=f"{packed.key}/{member.name}",
        fingerprint=member.fingerprint,
        size=member.size,
        open=partial(_opened, member, scratch),
        confirm=lambda _: packed.confirm(content),
        not_read=_why_not_read(member),
        packed=member.info.compress_size,
    )


@contextmanager
def _opened(member: Member, scratch: Path) -> Iterator[BinaryIO]:
    if too_large := why_too_large(member.size, largest_copy(scratch)):
        raise LeftForNextTime(too_large)
    with unpacked(member, scratch) as content:
        yield content


def _why_not_read(member: Member) -> str:
    if is_archive(member.name) or Path(member.name).suffix.lower() in PACKED:
        return "an archive within an archive is not read: unpack it"
    return fault_of_name(member.name) or why_not_read(member.name) or member.fault

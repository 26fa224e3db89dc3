"""Which delivered files still hold a text, read as `ingest` reads them: it takes more than `forget` can take out.

A file that ingest reads may name its column otherwise, be delimited otherwise than its name says, be packed, or be
reached by a link. Whatever stays in such a file is seen here, by the reader that took it in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sentiment.data.formats.allowance import Allowance, OutOfTime
from sentiment.data.formats.archive import Damaged
from sentiment.data.formats.recognise import is_archive, read_file
from sentiment.data.formats.record import Record, UnreadableFile, up_to
from sentiment.data.source.folder import Folder
from sentiment.data.source.members import members_of
from sentiment.data.source.source import LeftForNextTime, SourceFile
from sentiment.lineage.search import Search
from sentiment.lineage.texts import Texts
from sentiment.settings import Settings


def still_delivered(search: Search, texts: Texts, settings: Settings) -> list[Path]:
    """Returns the files that hold one of the texts below the delivery folder, if the source is one.

    A link is followed as ingest follows it, and what it leads to is returned. What cannot be read is noted in `search`.
    """
    source = Path(settings.source_folder)
    if "://" in settings.source_folder or not source.is_dir():
        return []
    folder = Folder(source, settle_seconds=0)
    read = [file for file in folder.files() if not file.left and not file.not_read]
    found = set()
    for file in read:
        where = Path(folder.address) / file.key
        with search.alone(where), _named(search, where), file.open() as content:
            if _holds(file, content, texts, settings):
                found.add(Path(f"/proc/self/fd/{content.fileno()}").readlink())
            file.confirm(content)
    return sorted(found)


@contextmanager
def _named(search: Search, where: Path) -> Iterator[None]:
    """Notes why ingest's reader does not read a file, in its words."""
    try:
        yield
    except (Damaged, LeftForNextTime, OutOfTime, UnreadableFile) as error:
        search.note(where, str(error))


def _holds(file: SourceFile, content: BinaryIO, texts: Texts, settings: Settings) -> bool:
    if not file.size:
        return False
    allowed = Allowance.from_now(file.size)
    if not is_archive(file.key):
        return _any(file, content, texts, settings, allowed)
    members, fault = members_of(file, content, settings.datasets)
    if fault:
        raise UnreadableFile(fault)
    return any(_member_holds(member, texts, settings, allowed.until) for member in members if not member.not_read)


def _member_holds(member: SourceFile, texts: Texts, settings: Settings, until: float) -> bool:
    allowed = Allowance(member.delivered_size, until)
    allowed.check()  # before it is unpacked
    with member.open() as content:
        return _any(member, content, texts, settings, allowed)


def _any(file: SourceFile, content: BinaryIO, texts: Texts, settings: Settings, allowed: Allowance) -> bool:
    records = read_file(content, file.key, settings.label_set, settings.label_field, allowed).records
    return any(_is_of(record, texts) for record in up_to(allowed.in_time(records), allowed.rows))


def _is_of(record: Record, texts: Texts) -> bool:
    """Tells whether a row is one of the texts; one that was refused may quote it anywhere."""
    columns = record.columns
    return texts.has(columns.text) or texts.has(columns.title) or bool(record.error and texts.quoted_in(record.raw))

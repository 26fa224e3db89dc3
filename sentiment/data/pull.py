"""One ingest from a source, file by file: nothing in a file can stop the files after it.

Whatever fails with a file ends with that file: it is named in the result and tried again by the next ingest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from sentiment import disk
from sentiment.data import receipts
from sentiment.data.alone import concerns_all, is_unexpected, why_left
from sentiment.data.between_members import disputed_texts
from sentiment.data.delivery import fault_of_folder
from sentiment.data.formats.allowance import Allowance, OutOfTime
from sentiment.data.formats.archive import Damaged
from sentiment.data.formats.recognise import is_archive
from sentiment.data.intake import Intake, TakenAlready, WasRetracted
from sentiment.data.ledger import Ledger
from sentiment.data.quarantine import Room
from sentiment.data.source.members import members_of
from sentiment.data.source.source import LeftForNextTime, SourceFile, folder_of
from sentiment.language import tr
from sentiment.results.deliveries import Delivered, Left
from sentiment.settings import Settings
from sentiment.text.aloud import tell
from sentiment.text.harmless import LONGEST_FILE_NAME, visible

MOST_NAMED = 50  # files that are left alone, in the log


class Pull:
    """One ingest from a source: what became of its files, one by one."""

    def __init__(self, ledger: Ledger, source: str, settings: Settings) -> None:
        self.files = 0  # that are read, an archive's members among them
        self.deliveries: list[Delivered] = []
        self.left: list[Left] = []
        self.not_read: list[Left] = []
        self.disk_failed = False  # while a file was taken in
        self._is_whole = False  # the ledger, as was looked for after an error that nobody expected
        self._ledger, self._source, self._settings = ledger, source, settings
        self._intake = Intake(ledger, source, settings, Room())

    def take(self, file: SourceFile, disputed: frozenset[int] = frozenset(), until: float | None = None) -> None:
        """Takes in a file, or the members of an archive, or notes why not.

        `disputed` are the texts that another file of the same archive labels differently; `until` is when the archive
        must be read, on the monotonic clock.
        """
        if not_read := file.not_read or self._fault_of_source(file.key):
            self._leave_alone(file.key, not_read)
        elif is_archive(file.key) and not file.left:
            self._unpack(file)
        else:
            self._take_in(file, disputed, until)

    def _fault_of_source(self, key: str) -> str:
        return fault_of_folder(folder_of(key)) if self._settings.source_from == "folder" else ""

    def _take_in(self, file: SourceFile, disputed: frozenset[int] = frozenset(), until: float | None = None) -> None:
        self.files += 1
        with self._alone(file.key, of_archive=until is not None):
            delivery = self._intake.take(file, disputed, until)
            if delivery:
                tell(_told(delivery))
                self.deliveries.append(delivery)

    def _unpack(self, packed: SourceFile) -> None:
        if receipts.is_known(self._ledger, self._source, packed.key, packed.fingerprint):
            self.files += 1
            return
        with self._alone(packed.key):
            with packed.open() as content:
                found, fault = members_of(packed, content, self._settings.datasets)
                if fault:
                    self._take_in(packed)
                    return
                before, until = len(self.left), Allowance.from_now(packed.size).until
                disputed = disputed_texts(found, self._settings, until)
                for member in found:
                    self.take(member, disputed, until)
                packed.confirm(content)
            if not found:
                self._leave_alone(packed.key, "the archive holds no file")
            if len(self.left) == before:
                with self._ledger.writing() as connection:
                    receipts.remember(connection, self._source, packed.key, packed.fingerprint)

    @contextmanager
    def _alone(self, key: str, *, of_archive: bool = False) -> Iterator[None]:
        """Ends what fails with one file: it is named, and the next ingest tries it again."""
        try:
            yield
        except (Damaged, TakenAlready, WasRetracted) as reason:
            self._leave_alone(key, str(reason))
        except LeftForNextTime as reason:
            self._put_off(key, str(reason))
        except OutOfTime as reason:
            if of_archive:
                raise  # the time of all its members is over
            receipts.note_slow(self._ledger, self._source, key)
            self._put_off(key, str(reason))
        except Exception as error:
            if concerns_all(error):
                raise
            if is_unexpected(error) and not self._is_whole:
                # A damaged ledger fails so with every file. Looking at all of it takes long: once.
                self._ledger.require_whole()
                self._is_whole = True
            self.disk_failed = self.disk_failed or (isinstance(error, OSError) and disk.is_about_the_disk(error))
            self._put_off(key, why_left(error))

    def _put_off(self, key: str, reason: str) -> None:
        left = _left(key, reason)
        tell(tr("{name} is left for the next ingest: {error}", **_in_a_line(left)))
        self.left.append(left)

    def _leave_alone(self, key: str, reason: str) -> None:
        left = _left(key, reason)
        if len(self.not_read) < MOST_NAMED:
            tell(tr("{name} is not read: {error}", **_in_a_line(left)))
        elif len(self.not_read) == MOST_NAMED:
            tell(tr("more files are not read; the result names them all"))
        self.not_read.append(left)


def _left(key: str, reason: str) -> Left:
    """Returns what is told of a file that was not taken in: a reason may quote its name, or the store's words."""
    return Left(key=visible(key), reason=visible(reason))


def _in_a_line(left: Left) -> dict[str, str]:
    """Returns what of it is said in the log: the result has all of its name."""
    return {"name": visible(left.key, LONGEST_FILE_NAME), "error": left.reason}


def in_turn(files: Iterable[SourceFile], slow: Collection[str]) -> Iterator[SourceFile]:
    """Yields the files in their order, but those that took too long the last time behind all others.

    So as many slow files as fill a night are in the way of the others for one night only.
    """
    last = []
    for file in files:
        if file.key in slow:
            last.append(file)
        else:
            yield file
    yield from last


def _told(delivery: Delivered) -> str:
    """Returns what became of a delivery's rows."""
    found = {"number": delivery.number, "name": visible(delivery.key, LONGEST_FILE_NAME), "counts": _counts(delivery)}
    told = tr("delivery {number}, {name}: {counts}", **found)
    if where := delivery.quarantine_file:
        told = tr("delivery {number}, {name}: {counts} ({quarantine_file})", quarantine_file=where, **found)
    if not delivery.not_copied:
        return told
    return tr(
        "{delivery}; {rows:,} of them are too many to be copied: correct the delivered file",
        delivery=told,
        rows=delivery.not_copied,
    )


def _counts(delivery: Delivered) -> str:
    counted = [
        tr("{number} accepted", number=delivery.accepted),
        tr("{number} duplicate", number=delivery.duplicate),
        tr("{number} relabelled", number=delivery.relabelled),
        tr("{number} quarantined", number=delivery.quarantined),
    ]
    if delivery.disagreed:
        counted.append(tr("{number} disagreed", number=delivery.disagreed))
    return ", ".join(counted)

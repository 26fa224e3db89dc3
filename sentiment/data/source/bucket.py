"""A bucket of S3, or of any store that speaks its protocol, as the source of deliveries."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from sentiment.data.formats.recognise import why_not_read
from sentiment.data.room import largest_copy, why_too_large
from sentiment.data.source.listing import Entry
from sentiment.data.source.objects import Objects
from sentiment.data.source.part import Part, Patience
from sentiment.data.source.refusal import settings_used
from sentiment.data.source.source import NAMELESS, LeftForNextTime, SourceFile, fault_of_name, is_auxiliary
from sentiment.data.source.store import new_client
from sentiment.errors import InputError


class Bucket:
    """The objects of a bucket whose keys begin with a prefix, which ends where a folder would."""

    def __init__(self, address: str, scratch: Path) -> None:
        self._bucket, _, prefix = address.removeprefix("s3://").partition("/")
        if not self._bucket:
            raise InputError("an S3 source must name a bucket", found=address, do="Write it as s3://bucket/prefix.")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._scratch = scratch
        self._is_empty = True
        with settings_used(self.address):
            self._objects = Objects(new_client(), self.address)

    @property
    def address(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def files(self) -> Iterator[SourceFile]:
        for entry in self._objects.listed(self._prefix):
            key, opened = entry.key.removeprefix(self._prefix), partial(self._opened, entry)
            if not entry.key:
                self._is_empty = False
                yield SourceFile(NAMELESS, "", 0, opened, left=entry.fault)
                continue
            if not key or key.endswith("/"):  # what consoles make for a folder
                continue
            self._is_empty = False
            if is_auxiliary(key):
                continue
            if not_read := fault_of_name(key) or ("" if entry.fault else why_not_read(key)):
                yield SourceFile(key, "", entry.size, opened, not_read=not_read)
            else:
                # Two objects with the same content may have the same tag, and a tag may be weak.
                yield SourceFile(key, f"{entry.tag}-{entry.size}", entry.size, opened, left=entry.fault)

    def nothing_found(self) -> InputError | None:
        if not self._is_empty:
            return None
        found = f"no object under {self.address}"
        key = self._prefix.rstrip("/")
        if key and any(entry.key == key for entry in islice(self._objects.listed(key), 1)):
            found, parent = f"an object, s3://{self._bucket}/{key}", key.rpartition("/")[0]
            return InputError(
                "an S3 source must be a bucket and a prefix that ends where a folder would",
                found=found,
                do=f"Set SENTIMENT_SOURCE (or --source) to s3://{self._bucket}/{parent}.",
            )
        return InputError(
            "the source must hold files of labelled posts",
            found=found,
            do="Check the prefix in SENTIMENT_SOURCE (or --source), or deliver there first.",
        )

    @contextmanager
    def _opened(self, entry: Entry) -> Iterator[BinaryIO]:
        """Yields a copy on the disk: a slow line does not keep the ledger waiting, and the readers can seek in it."""
        if too_large := why_too_large(entry.size, largest_copy(self._scratch)):
            raise LeftForNextTime(too_large)
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._scratch, prefix=".delivery-") as copy:
            self._fetch(entry, cast(BinaryIO, copy))
            copy.seek(0)
            yield cast(BinaryIO, copy)

    def _fetch(self, entry: Entry, copy: BinaryIO) -> None:
        part = Part(entry.key, entry.tag, entry.size, start=0, size=entry.size)
        self._objects.fetch(part, copy, Patience(entry.size))

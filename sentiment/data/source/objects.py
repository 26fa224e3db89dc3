"""The bytes of a bucket's objects: as many as were listed and no more, asked for again where a transfer breaks off.

What fails with one object ends with it, as long as the store goes on answering: whoever writes an object can spoil the
answer about it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from botocore.exceptions import ClientError, FlexibleChecksumError

from sentiment.data.formats.allowance import OutOfTime, most_seconds
from sentiment.data.source.answer import TooLate, answered_by
from sentiment.data.source.listing import Entry, entries
from sentiment.data.source.part import CHANGED, TOO_SLOW, Part, Patience, is_partial, require_in_time
from sentiment.data.source.refusal import code_of, in_a_line, refused, words_of
from sentiment.data.source.source import LeftForNextTime
from sentiment.data.source.transfers import BROKEN_OFF, pieces, tried
from sentiment.errors import InputError
from sentiment.text.units import size as in_units

MISSING = {"NoSuchKey", "404"}
GONE = MISSING | {"PreconditionFailed", "412"}
MOST_WHOLE = 2 << 30  # bytes of an object that is read into memory: a shard's rows take 1 GB at most


@dataclass(frozen=True)
class Objects:
    """The objects of the bucket that `address` names."""

    client: Any
    address: str

    def listed(self, prefix: str) -> Iterator[Entry]:
        """Yields those whose keys begin with a prefix. Raises: InputError."""
        return entries(self.client, self._bucket, prefix, self.address)

    def fetch(self, part: Part, copy: BinaryIO, patience: Patience) -> None:
        """Writes a part of an object into an empty `copy`; a transfer that breaks off goes on where it stopped.

        Raises: LeftForNextTime; OutOfTime; InputError when the store itself fails.
        """
        with patience.until() as until:
            try:
                tried(lambda: self._transfer(part, copy, until))
            except BROKEN_OFF as error:
                self.require_answers()
                raise LeftForNextTime(f"the transfer broke off: {type(error).__name__}") from None

    def whole(self, key: str) -> bytes | None:
        """Returns all of an object of at most MOST_WHOLE bytes; None when there is none. Raises: InputError."""
        with refused(self.address):
            try:
                return tried(lambda: self._whole(key))
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise

    def write(self, key: str, content: bytes) -> None:
        """Makes or replaces an object. All tries together have the time of its size. Raises: InputError."""
        with refused(self.address), answered_by(time.monotonic() + most_seconds(len(content))):
            self.client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def remove(self, key: str) -> None:
        """Raises: InputError."""
        with refused(self.address), answered_by(time.monotonic() + most_seconds(0)):
            self.client.delete_object(Bucket=self._bucket, Key=key)

    def require_answers(self) -> None:
        """Raises: InputError when the store, and not one object, cannot be asked."""
        asked = {"Bucket": self._bucket, "Prefix": self._prefix, "EncodingType": "url"}
        with refused(self.address):
            self.client.list_objects_v2(MaxKeys=1, **asked)

    @property
    def _bucket(self) -> str:
        return self.address.removeprefix("s3://").partition("/")[0]

    @property
    def _prefix(self) -> str:
        prefix = self.address.removeprefix("s3://").partition("/")[2].strip("/")
        return f"{prefix}/" if prefix else ""

    def _transfer(self, part: Part, copy: BinaryIO, until: float) -> None:
        require_in_time(until)
        done = copy.tell()
        if 0 < done == part.size:
            return
        with self._of_the_object(until):
            answer = self.client.get_object(Bucket=self._bucket, **part.asked(done))
        with closing(answer["Body"]) as body:
            if done and not is_partial(answer):
                done = copy.truncate(copy.seek(0))
            part.require(answer, done)
            try:
                for piece in pieces(body, part.size - done, partial(self._of_the_object, until)):
                    done += len(piece)
                    part.require_length(done, is_all=False)
                    copy.write(piece)
                    require_in_time(until)
            except FlexibleChecksumError:
                copy.truncate(copy.seek(0))
                raise
            part.require_length(done, is_all=True)

    def _whole(self, key: str) -> bytes:
        answer, found = self.client.get_object(Bucket=self._bucket, Key=key), io.BytesIO()
        with closing(answer["Body"]) as body:
            if (stated := answer.get("ContentLength", MOST_WHOLE)) <= MOST_WHOLE:
                in_time = partial(answered_by, time.monotonic() + most_seconds(stated))
                for piece in pieces(body, MOST_WHOLE, in_time):
                    found.write(piece)
                    if found.tell() > MOST_WHOLE:
                        break
                else:
                    return found.getvalue()
        raise InputError(
            f"s3://{self._bucket}/{key} must take {in_units(MOST_WHOLE)} at most", found="more", do="Remove it."
        )

    @contextmanager
    def _of_the_object(self, until: float) -> Iterator[None]:
        """Raises: LeftForNextTime for whatever the answer about an object makes botocore raise, but for BROKEN_OFF.

        OutOfTime when the answer is still coming after `until`.
        """
        try:
            with answered_by(until):
                yield
        except BROKEN_OFF:
            raise
        except TooLate:
            raise OutOfTime(TOO_SLOW) from None
        except ClientError as error:
            raise LeftForNextTime(_why(error)) from None
        except Exception as error:  # noqa: BLE001 - what is wrong with a header may have botocore raise anything
            self.require_answers()
            raise LeftForNextTime(f"the store's answer cannot be read: {in_a_line(error)}") from None


def _why(error: ClientError) -> str:
    return CHANGED if code_of(error) in GONE else f"the store refuses it: {words_of(error)}"

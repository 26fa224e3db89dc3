"""A bucket of S3, or of any store that speaks its protocol, as the source of deliveries.

Address, region, credentials and certificates are those that boto3 finds by itself: `AWS_ENDPOINT_URL`,
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, an instance's or a pod's role, `AWS_CA_BUNDLE` …
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, FlexibleChecksumError, ReadTimeoutError, ResponseStreamingError

from sentiment.data.formats.recognise import why_not_read
from sentiment.data.room import largest_copy, why_too_large
from sentiment.data.source.refusal import refused
from sentiment.data.source.source import LeftForNextTime, SourceFile, is_auxiliary, leads_out
from sentiment.errors import InputError

PIECE = 1 << 20
ATTEMPTS = 6  # of a request by botocore, and to continue a transfer that broke off; some 30 seconds in all
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, connect_timeout=10, read_timeout=60)
GONE = {"NoSuchKey", "404", "PreconditionFailed", "412"}
CHANGED = "it was replaced or deleted meanwhile"
PARTIAL_CONTENT = 206


class Bucket:
    """The objects of a bucket whose keys begin with a prefix, which ends where a folder would."""

    def __init__(self, address: str, scratch: Path) -> None:
        self._bucket, _, prefix = address.removeprefix("s3://").partition("/")
        if not self._bucket:
            raise InputError("an S3 source must name a bucket", found=address, do="Write it as s3://bucket/prefix.")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._scratch = scratch
        self._is_empty = True
        with refused(self.address):
            self._client: Any = boto3.session.Session().client("s3", config=CONFIG)

    @property
    def address(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def files(self) -> Iterator[SourceFile]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        with refused(self.address):
            for page in pages:
                for item in page.get("Contents", ()):
                    key = item["Key"].removeprefix(self._prefix)
                    if not key or key.endswith("/"):  # what consoles make for a folder
                        continue
                    self._is_empty = False
                    if is_auxiliary(key):
                        continue
                    if not_read := leads_out(key) or why_not_read(key):
                        yield SourceFile(key, "", item["Size"], partial(self._opened, item), not_read=not_read)
                    else:
                        # Two objects with the same content may have the same tag, and a tag may be weak.
                        yield SourceFile(
                            key, f"{item['ETag']}-{item['Size']}", item["Size"], partial(self._opened, item)
                        )

    def nothing_found(self) -> InputError | None:
        if not self._is_empty:
            return None
        found = f"no object under {self.address}"
        key = self._prefix.rstrip("/")
        if key and self._is_object(key):
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

    def _is_object(self, key: str) -> bool:
        with refused(self.address):
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return any(item["Key"] == key for item in page.get("Contents", ()))

    @contextmanager
    def _opened(self, item: dict[str, Any]) -> Iterator[BinaryIO]:
        """Yields a copy on the disk: a slow line does not keep the ledger waiting, and the readers can seek in it."""
        if too_large := why_too_large(item["Size"], largest_copy(self._scratch)):
            raise LeftForNextTime(too_large)
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._scratch, prefix=".delivery-") as copy:
            self._fetch(item, cast(BinaryIO, copy))
            copy.seek(0)
            yield cast(BinaryIO, copy)

    def _fetch(self, item: dict[str, Any], copy: BinaryIO) -> None:
        """Copies an object piece by piece; a transfer that breaks off continues where it stopped."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._transfer(item, copy)
            except (ReadTimeoutError, ResponseStreamingError, FlexibleChecksumError) as error:
                if attempt == ATTEMPTS:
                    raise LeftForNextTime(f"the transfer broke off: {type(error).__name__}") from None
                if isinstance(error, FlexibleChecksumError):
                    copy.truncate(copy.seek(0))
                time.sleep(2**attempt / 8)
            else:
                break
        if copy.tell() != item["Size"]:
            raise LeftForNextTime(CHANGED)

    def _transfer(self, item: dict[str, Any], copy: BinaryIO) -> None:
        start = copy.tell()
        if 0 < start == item["Size"]:
            return
        rest = {"Range": f"bytes={start}-"} if start else {}
        with refused(self.address):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=item["Key"], IfMatch=item["ETag"], **rest)
            except ClientError as error:
                raise LeftForNextTime(_why(error)) from None
        if start and answer["ResponseMetadata"]["HTTPStatusCode"] != PARTIAL_CONTENT:
            copy.truncate(copy.seek(0))
        for piece in answer["Body"].iter_chunks(PIECE):
            copy.write(piece)


def _why(error: ClientError) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in GONE:
        return CHANGED
    return f"the store refuses it: {code} {error.response.get('Error', {}).get('Message', '')}".strip()

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

from sentiment.data.formats.recognise import is_delivery
from sentiment.data.source.refusal import refused
from sentiment.data.source.source import LeftForNextTime, SourceFile, is_hidden
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
                    if is_delivery(key) and not is_hidden(key):
                        # Two objects with the same content may have the same tag, and a tag may be weak.
                        yield SourceFile(
                            key, f"{item['ETag']}-{item['Size']}", item["Size"], partial(self._opened, item)
                        )

    @contextmanager
    def _opened(self, item: dict[str, Any]) -> Iterator[BinaryIO]:
        """Yields a copy on the disk: a slow line does not keep the ledger waiting, and the readers can seek in it."""
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

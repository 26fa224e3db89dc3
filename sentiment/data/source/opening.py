"""Opens the source that a setting names: a folder, or a bucket."""

from __future__ import annotations

from pathlib import Path

from sentiment.data.source.folder import Folder
from sentiment.data.source.source import Source
from sentiment.errors import InputError


def open_source(address: str, settle_seconds: float, scratch: Path, *, by_folder: bool = False) -> Source:
    """Returns the source at `address`: a folder, or `s3://bucket/prefix`.

    `scratch` is a folder on a disk with room for the largest file of a bucket. `by_folder` says that the first folder
    of a file names the source of its rows: no link then leads into another one.
    Raises: InputError when there is no such source.
    """
    if address.startswith("s3://"):
        from sentiment.data.source.bucket import Bucket

        return Bucket(address, scratch)
    if "://" in address:
        raise InputError(
            "the source must be a folder or s3://bucket/prefix",
            found=address,
            do="Set SENTIMENT_SOURCE (or --source) to one.",
        )
    return Folder(Path(address), settle_seconds, by_folder=by_folder)

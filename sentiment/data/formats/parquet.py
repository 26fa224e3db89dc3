"""Reads Parquet in a process of its own.

The reader is a large C++ library that reserves whatever sizes a file states. So it runs in a child with limited memory
and processor time: whatever a broken or hostile file does to it ends as a reason to refuse the file.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import BinaryIO

from sentiment.data.formats import parquet_rows
from sentiment.data.formats.json_elements import LARGEST_ELEMENT
from sentiment.data.formats.labelled_json import record_of_value
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.rows import shown
from sentiment.labels import Labels

MAGIC = b"PAR1"
MEMORY = 2 << 30  # bytes that the child may hold
SECONDS = 120  # of processor time, and one more for every megabyte of the file
CRASHED = "the Parquet reader failed on this file"
WHY_ENDED = {
    -signal.SIGXCPU: "the Parquet file takes too long to read",
    parquet_rows.OUT_OF_MEMORY: "the Parquet file needs too much memory to read",
    parquet_rows.BROKEN: "the file is not a complete Parquet file",
    parquet_rows.NO_COLUMNS: "the file has no columns text and label",
    0: "",
}


def read_parquet(file: BinaryIO, size: int, labels: Labels) -> Iterator[Record]:
    """Yields the rows of a Parquet file of `size` bytes; their numbers count from 1.

    A file that breaks off, or breaks its reader, ends in a record with the reason. Raises: UnreadableFile when nothing
    can be read from it.
    """
    seconds = SECONDS + (size >> 20)
    command = [sys.executable, "-m", "sentiment.data.formats.parquet_rows", str(MEMORY), str(seconds)]
    file.seek(0)
    number = 0
    with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            while line := child.stdout.readline(LARGEST_ELEMENT + 1):
                part = line
                while part and not part.endswith(b"\n"):
                    part = child.stdout.readline(LARGEST_ELEMENT)
                if len(line) <= LARGEST_ELEMENT and not line.endswith(b"\n"):
                    break  # the child ended in the middle of this row
                number += 1
                yield _record(number, line, labels)
            reason = WHY_ENDED.get(child.wait(), CRASHED)
        finally:
            child.kill()
    if reason and not number:
        raise UnreadableFile(reason)
    if reason:
        yield Record(number + 1, "", error=reason)


def _record(number: int, line: bytes, labels: Labels) -> Record:
    if len(line) > LARGEST_ELEMENT:
        return Record(number, shown(line[:4_000]), error="row too long")
    raw = line.decode("utf-8").rstrip("\n")
    return record_of_value(number, raw, json.loads(raw), labels)

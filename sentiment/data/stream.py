"""Posts that come as lines of a stream, in any encoding that a delivery may have."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

from sentiment.data.formats.encoding import READ, UTF_8, AsUtf8, candidates, detect
from sentiment.data.formats.opened import SAMPLE
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.posts import ENCODED
from sentiment.data.tsv import Post
from sentiment.errors import InputError


def of_line(line: str, *, titled: bool) -> Post:
    """Returns the post that a line is; where it may be `titled`, what stands before its first tab is the title."""
    title, tab, text = line.partition("\t")
    return Post(text, 0, title) if titled and tab else Post(line, 0)


def read_stream(stream: BinaryIO, *, titled: bool = False) -> Iterator[Post]:
    """Yields a post for each line, in the encoding that the first of them show. An empty line is an empty post.

    `titled`: a line may be `title<TAB>text`.

    Bytes that are no UTF-8 become U+FFFD. Raises: InputError when they look like text in another encoding.
    """
    peeking: Any = stream if hasattr(stream, "peek") else io.BufferedReader(cast(Any, stream))
    try:
        encoding = detect(peeking.peek(SAMPLE))
    except UnreadableFile as error:
        raise InputError("standard input must be text", found=str(error), do=ENCODED) from None
    if encoding.codec == UTF_8.codec:
        peeking.read(len(encoding.mark))
        lines: Iterable[bytes] = peeking
    else:
        lines = io.BufferedReader(AsUtf8(peeking, encoding))
    for number, line in enumerate(lines, 1):
        text = line.decode("utf-8", errors="replace")
        if "\ufffd" in text and encoding.codec == UTF_8.codec:
            _refuse_other_encodings(number, line)
        yield of_line(text.rstrip("\r\n"), titled=titled)


def _refuse_other_encodings(number: int, line: bytes) -> None:
    likely = [encoding.name for weight, encoding in candidates(line) if encoding in READ and weight > 0]
    if likely:
        raise InputError(
            "standard input must be in one encoding",
            found=f"UTF-8, and in line {number} what looks like {likely[0]}",
            do=ENCODED,
        )

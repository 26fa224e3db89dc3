"""Whether XML declares a document type: only there can it name entities, which grow when they are read."""

from __future__ import annotations

from typing import IO
from xml.parsers import expat

PIECE = 1 << 16  # bytes


class _Known(Exception):
    """Enough was read: the document declares a type, or has begun without one."""


def declares_a_type(content: IO[bytes]) -> bool:
    """Tells whether a document declares a type before its first element. What is no XML does not."""
    found, parser = list[bool](), expat.ParserCreate()

    def declared(*_: object) -> None:
        found.append(True)
        raise _Known

    def begun(*_: object) -> None:
        raise _Known

    parser.StartDoctypeDeclHandler, parser.StartElementHandler = declared, begun
    try:
        while piece := content.read(PIECE):
            parser.Parse(piece)
    except (_Known, expat.ExpatError):
        pass
    return bool(found)

"""What makes the tree of an XML answer far larger than the answer, and is in none that a store gives.

An entity, or an attribute's default, is written once and stands in the tree as often as it is used. So does the address
of a namespace: the name of each tag within it begins with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.parsers import expat

ENCODING = "utf-8"  # as botocore reads every answer, whatever encoding it names
LONGEST_VALUE = 200  # characters of an attribute; S3's namespaces have some 40


class _Grows(Exception):
    """The answer has what no answer has; the message says what."""


def why_it_grows(content: bytes) -> str:
    """Returns what makes the tree of an answer far larger than `content`; "" when nothing does.

    It is looked for as far as botocore would read: what is broken ends there.
    """
    parser = expat.ParserCreate(ENCODING)
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = _declared, _begun
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return ""
    except _Grows as grows:
        return str(grows)
    return ""


def _declared(*_: object) -> None:
    raise _Grows("a document type (DOCTYPE)")


def _begun(_: str, attributes: Mapping[str, str]) -> None:
    if any(len(value) > LONGEST_VALUE for value in attributes.values()):
        raise _Grows(f"an attribute of more than {LONGEST_VALUE} characters")

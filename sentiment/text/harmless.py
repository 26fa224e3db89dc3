"""Makes strangers' posts harmless: text that no mail program or web page can mistake for anything else."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from sentiment.text.defanged import defanged
from sentiment.text.direction import isolated

_DIRECTION_MARKS = "\u061c\u200e\u200f"
_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")  # letters and signs that look like a space
MOST_READ = 50_000  # characters: more than the longest title and post together
LONGEST_TITLE = 40
LONGEST_FILE_NAME = 300  # characters of a file's name in a line: in an archive, a name may have 65,535 bytes
MOST_MARKS = 4  # on a letter; Hebrew with all its signs has as many
_MEANT = re.compile(r"[\\`*_\[\]<>|#!&~]")
_MARKDOWN = re.compile(r"[!-+\-/<-@\[-`{-~]|(?<=\d)\.(?=\s|$)")  # ASCII punctuation that can begin something


def plain(text: object, longest: int = 200) -> str:
    """Returns `text` as one line in which addresses are broken, so that no program makes links of them.

    It is cut if long; what breaks an address does not count.
    """
    return defanged(one_line(text, longest))


def sentence(text: object, longest: int = 200) -> str:
    """Returns `text` as one line for a mail or an approval: as `plain`, and names in it turn no figures round."""
    return isolated(plain(text, longest))


def one_line(text: object, longest: int = 200) -> str:
    """Returns `text` as one line without control or direction characters; whatever is cut off leaves a “…”.

    On a web page that is enough, if the page escapes it: a browser makes no links of words.
    """
    raw = str(text)
    shown, read = _collapsed(raw[: longest * 4]), longest * 4
    if len(shown) <= longest and len(raw) > read:  # much of it is blank: what stands behind must not be hidden so
        read = max(read, MOST_READ)
        shown = _collapsed(raw[:read])
    return shown if len(shown) <= longest and len(raw) <= read else shown[: longest - 1] + "…"


def titled(title: str, text: str) -> str:
    """Returns a post as one text for people; a long title is cut, so that the post itself is not cut off behind it."""
    return " ｜ ".join(filter(None, (one_line(title, LONGEST_TITLE), text)))


def _collapsed(text: str) -> str:
    if not text.isprintable():  # a post nearly always is
        text = "".join(character if character.isprintable() else _shown(character) for character in text)
    return " ".join(_BLANK.sub(" ", _without_stacks(text)).split())


def _without_stacks(text: str) -> str:
    """Returns a text in which a letter bears few marks: a hundred of them cover the lines above and below."""
    if text.isascii():
        return text
    kept, marks = list[str](), 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _shown(character: str) -> str:
    # A joiner holds emoji together. Line ends, paragraph ends and control characters part words; others are dropped.
    category = unicodedata.category(character)
    if category == "Cf":
        return character if character == "\N{ZERO WIDTH JOINER}" else ""
    return " " if category in ("Cc", "Cs", "Zl", "Zp") else character


def is_hidden(character: str) -> bool:
    """Tells whether a character steers what shows it: controls, line ends, lone surrogates, directions of writing."""
    if character.isprintable():
        return False
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Zl", "Zp") or "\u202a" <= character <= "\u2069" or character in _DIRECTION_MARKS


def visible(text: str, longest: int | None = None, hidden: Callable[[str], bool] = is_hidden) -> str:
    r"""Returns `text` for a terminal, as one line: what is hidden becomes `\x1b`, `\udc80`, `\u202e`; cut when long."""
    cut = text[:longest]
    shown = "".join(one.encode("unicode_escape").decode() if hidden(one) else one for one in cut)
    return shown + "…" * (len(cut) < len(text))


def visible_in_json(document: str) -> str:
    r"""Returns the same JSON with `\u202e` for what is hidden in its strings."""
    return "".join(f"\\u{ord(one):04x}" if one != "\n" and is_hidden(one) else one for one in document)


def markdown(text: object, longest: int = 200) -> str:
    """Returns `text` for a Markdown page or table cell, which then shows it literally.

    Punctuation becomes numeric character references, which neither CommonMark nor HTML reads as structure.
    """
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", sentence(text, longest))


def markdown_source(text: object, longest: int = 200) -> str:
    """Returns `text` for a Markdown file that people also read as it is: backslashes stand before what has a meaning.

    A line must not begin with it.
    """
    return _MEANT.sub(r"\\\g<0>", sentence(text, longest))


def html_text(text: object, longest: int = 200) -> str:
    """Returns `text` for the body of an HTML page."""
    return html.escape(sentence(text, longest))


def safe_links(links: Mapping[str, str]) -> dict[str, str]:
    """Returns only the links that lead to a web page (`http`, `https` or a path of this site), percent-encoded."""
    return {
        name: quote(address, safe="/:?#@!$&*+,;=%~[]-._")
        for name, address in links.items()
        if urlsplit(address).scheme in ("http", "https") or re.match(r"/(?![/\\])", address)
    }

"""Makes strangers' posts harmless: text that no mail program or web page can mistake for anything else."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from sentiment.text.defanged import defanged

_DIRECTION_MARKS = "\u061c\u200e\u200f"
_MARKDOWN = re.compile(r"[!-+\-/<-@\[-`{-~]|(?<=\d)\.(?=\s|$)")  # ASCII punctuation that can begin something


def plain(text: object, longest: int = 200) -> str:
    """Returns `text` as one line for a mail or an approval: addresses in it are broken, so that none becomes a link.

    It is cut if long; what breaks an address does not count.
    """
    return defanged(one_line(text, longest))


def one_line(text: object, longest: int = 200) -> str:
    """Returns `text` as one line, cut if long, without control or direction characters.

    On a web page that is enough, if the page escapes it: a browser makes no links of words.
    """
    shown = "".join(
        character if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else _invisible(character)
        for character in str(text)[: longest * 4]
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _invisible(character: str) -> str:
    # A joiner holds emoji together. Line ends, paragraph ends and control characters part words; others are dropped.
    if character == "\N{ZERO WIDTH JOINER}":
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


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
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", plain(text, longest))


def html_text(text: object, longest: int = 200) -> str:
    """Returns `text` for the body of an HTML page."""
    return html.escape(plain(text, longest))


def safe_links(links: Mapping[str, str]) -> dict[str, str]:
    """Returns only the links that lead to a web page (`http`, `https` or a path of this site), percent-encoded."""
    return {
        name: quote(address, safe="/:?#@!$&*+,;=%~[]-._")
        for name, address in links.items()
        if urlsplit(address).scheme in ("http", "https") or re.match(r"/(?![/\\])", address)
    }

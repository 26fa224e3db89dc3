"""Findings about the posts by themselves: their length and their characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from sentiment.checks.verdict import Measured
from sentiment.data.tsv import Post
from sentiment.language import marked, tr
from sentiment.text.harmless import visible
from sentiment.text.marks import without_accents

LONGEST = 2_000  # characters; a model reads only a small part of a longer post
MOST_EXAMPLES = 5
SHOWN = 120
UNKNOWN = marked("Characters that the stable model does not know")
# Joiners and variation selectors form emoji, and are no sign of damage.
HARMLESS = frozenset("\u200c\u200d\ufe0e\ufe0f")


def share_of(name: str, title: str, posts: Sequence[Post], found: Iterable[Post]) -> Measured:
    """Returns the finding that `found` are among `posts`, with the first of them as examples.

    An example is quoted in full, so that a text can be found and deleted on request; `shown` cuts it for people.
    """
    those = list(found)
    value = len(those) / len(posts) if posts else 0.0
    return Measured(name, title, value, examples=[post.text for post in those[:MOST_EXAMPLES]])


def too_long(posts: Sequence[Post]) -> Measured:
    found = (post for post in posts if len(post.text) > LONGEST)
    return share_of("long", tr("New posts of more than {number:,} characters", number=LONGEST), posts, found)


def with_control_characters(posts: Sequence[Post]) -> Measured:
    found = (post for post in posts if any(is_control(character) for character in post.text))
    return share_of("control", tr("New posts with control or invisible characters"), posts, found)


def is_control(character: str) -> bool:
    """Tells whether nobody types a character: controls, direction marks, private use, the sign of a lost character."""
    if character.isascii():
        return not character.isprintable()
    return character == "\ufffd" or (
        unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") and character not in HARMLESS
    )


def unknown_to(pieces: Sequence[str], posts: Sequence[Post]) -> Measured:
    """Returns the share of the posts' characters, except spaces, that no word piece of the stable model holds."""
    known = {character for piece in pieces for character in piece}
    total, strange = 0, dict[str, int]()
    for post in posts:
        for character in without_accents(f"{post.title}{post.text}".lower()):
            if character.isspace() or unicodedata.category(character) in ("Cc", "Cf"):
                continue
            total += 1
            if character not in known:
                strange[character] = strange.get(character, 0) + 1
    most = sorted(strange, key=lambda character: (-strange[character], character))[: 4 * MOST_EXAMPLES]
    value = sum(strange.values()) / total if total else 0.0
    return Measured("unknown", UNKNOWN, value, examples=most)


def no_stable() -> Measured:
    return Measured("unknown", UNKNOWN, None, tr("there is no stable model to compare with"))


def shown(text: str) -> str:
    """Returns the beginning of a post, with its invisible characters made visible."""
    return visible(text, SHOWN, is_control)

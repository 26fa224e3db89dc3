"""A sentence that a file holds in English, in the language of whoever reads it.

Results and history are written once and read by many, so they are in English. The catalogue's sentences are looked for
in what was recorded (`sentiment.language.patterns`), and what stands at their placeholders is kept; a part that is a
sentence of the catalogue itself is said, too, also when it begins with the other letter case. What a stranger wrote
stays as it is. Sentences, clauses and items that were recorded one behind the other are each said.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import accumulate

from sentiment.language.catalogue import sentences
from sentiment.language.patterns import OURS, PLACEHOLDER, VERBATIM, Patterns, other_case
from sentiment.language.speaking import spoken

ANY = OURS | {"why", "reason", "quoted"}  # those in which the end of a sentence is no surprise
# Of what somebody wrote: unless quoted, they hold no clauses.
NAMES = frozenset({"who", "name", "label", "source", "run"})
NO_NAME, BRACKETS = re.compile("[;:] "), re.compile("[()]")
FOREIGN = frozenset({"error", "folder", "path"})  # a library's words, a name on a disk: what we do not know stays
SENTENCE_END, CLAUSE_END, ITEM_END = re.compile(r"(?<=[.!?…]) (?=\S)"), re.compile("; "), re.compile(", ")
MOST = 12  # sentences, or clauses, one behind the other
LONGEST = 4_000  # characters of them
DEEPEST = 8  # sentences within sentences
# Times that the catalogue is searched for one text. Ours take some 60, and the reasons of three servers 1,500; one
# that a stranger had made for it, of 900 characters, took minutes.
# A search takes time for the text's length, and counts for it, once for each so many characters.
MOST_SEARCHES = 4_000
LONGEST_OF_ALL = 20_000  # characters; no sentence of ours has that many, and none is shown whole
NAMED = re.compile(r"(\S+): (.+)", re.DOTALL)  # a server's address, or a set's name, and what is said of it
LETTERS = re.compile("[A-Za-z]{2}")  # what has none is a number, or Chinese
# English words in a row: they would stand in the midst of a translation.
WORDS = re.compile(r"(?<![A-Za-z])[A-Za-z]{2,} [A-Za-z]{2}")
# What stands one behind the other: by what parts it, which ends none of the parts may have within it.
BEHIND = {
    " ": (SENTENCE_END,),
    "; ": (SENTENCE_END, CLAUSE_END),
    ", ": (SENTENCE_END, CLAUSE_END, ITEM_END),
}
JOINTS = {" ": "", "; ": "；", ", ": "、"}
Ends = tuple[re.Pattern[str], ...]


def recorded(sentence: str) -> str:
    """Returns a recorded English sentence in the language spoken; one that the catalogue does not know, as it is."""
    return _translator(spoken()).said(sentence)


@cache
def _translator(language: str) -> Translator:
    return Translator(sentences(language))


class _TooManySearches(Exception):
    """A text would take too long to say again."""


class _Searches(threading.local):
    left = MOST_SEARCHES  # of the text that this thread says


class Translator:
    """Says sentences again that were made from a catalogue's."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known, self._patterns, self._searches = known, Patterns(known), _Searches()
        self._kept = lru_cache(maxsize=4096)(self._found)
        self._said = lru_cache(maxsize=4096)(self._within_limits)  # so one that takes long does so once

    def said(self, text: str) -> str:
        """Returns the text in the catalogue's language, or as far as it is known: other sentences of it stay.

        So does all of a text that takes too long, whatever a stranger wrote in it.
        """
        return self._said(text) if self._known and text and len(text) <= LONGEST_OF_ALL else text

    def _within_limits(self, text: str) -> str:
        self._searches.left = MOST_SEARCHES
        try:
            return self._kept(text, 0) or self._several(text, 0, all_known=False) or text
        except _TooManySearches:
            return text

    def _found(self, text: str, depth: int) -> str:
        """Returns the text in the catalogue's language; "" when not all of it is known."""
        if depth > DEEPEST or not LETTERS.search(text):
            return self._known.get(text, "")
        return (
            self._one(text, depth, (SENTENCE_END, CLAUSE_END))
            or self._several(text, depth)
            or self._of_pattern(text, depth, ())
        )

    def _one(self, text: str, depth: int, ends: Ends) -> str:
        """Returns one sentence, which may be said of a name; "" when there is none, or one that has any of the ends."""
        exactly = self._known.get(text) or self._known.get(other_case(text))
        if said := exactly or self._of_pattern(text, depth, ends):
            return said
        named = NAMED.fullmatch(text)
        said = self._one(named[2], depth + 1, ends) if named and depth < DEEPEST else ""
        return f"{named[1]}：{said}" if named and said else ""

    def _of_pattern(self, text: str, depth: int, ends: Ends) -> str:
        """Returns the first translation whose parts belong there; none of them goes on behind one of the ends."""
        self._searches.left -= 1 + len(text) // LONGEST
        if self._searches.left < 0:
            raise _TooManySearches
        for translated, parts in self._patterns.readings(text):
            broken = any(_is_broken(name, part, ends) for name, part in parts.items())
            if not broken and (said := self._filled(translated, parts, depth)):
                return said
        return ""

    def _filled(self, translated: str, parts: Mapping[str, str], depth: int) -> str:
        """Returns a translation with its parts; "" when one of them is no name, and not known."""
        said = {}
        for name, part in parts.items():
            said[name] = self._of_theirs(name, part) if name in VERBATIM else self._part(name, part, depth)
            if not said[name] and part:
                return ""
        return PLACEHOLDER.sub(lambda place: said.get(place[1], place[0]), translated)

    def _of_theirs(self, name: str, part: str) -> str:
        """Returns what somebody wrote as it is; for a source or label may also stand what we call several of them."""
        return self._known.get(part, part) if name in ("source", "label") and " " in part else part

    def _part(self, name: str, part: str, depth: int) -> str:
        known = self._kept(f" ({part})" if name == "aside_" else part, depth + 1)
        unknown = name in OURS or (WORDS.search(part) and name not in FOREIGN)
        return known or ("" if unknown else part)

    def _several(self, text: str, depth: int, *, all_known: bool = True) -> str:
        """Returns what stands one behind the other, each said; "" unless all of it is known, or any."""
        if len(text) > LONGEST or depth > DEEPEST / 2:
            return ""
        for between, ends in BEHIND.items():
            pieces = ends[-1].split(text, MOST)
            found = list(self._each(pieces, between, depth, ends)) if len(pieces) > 1 else []
            enough = all if all_known or between == ", " else any
            if found and enough(said for _, said in found):
                return _joined(found, JOINTS[between])
        return ""

    def _each(self, pieces: list[str], between: str, depth: int, ends: Ends) -> Iterator[tuple[str, str]]:
        """Yields the longest runs of pieces that are one sentence, each with its translation; of what is none, ""."""
        begin = 0
        while begin < len(pieces):
            runs = ((end, between.join(pieces[begin:end])) for end in range(len(pieces), begin, -1))
            each = ((end, run, self._one(run, depth, ends)) for end, run in runs)
            begin, english, said = next((found for found in each if found[2]), (begin + 1, pieces[begin], ""))
            yield english, said


def _is_broken(name: str, part: str, ends: Ends) -> bool:
    """Tells whether what stands at a placeholder goes on behind one of the ends, or is no name, or half a bracket."""
    if name not in ANY and any(end.search(part) for end in ends):
        return True
    if name in VERBATIM:
        return name in NAMES and part[:1] != "“" and NO_NAME.search(part) is not None
    depths = list(accumulate(1 if sign == "(" else -1 for sign in BRACKETS.findall(part)))
    return bool(depths) and (min(depths) < 0 or depths[-1] != 0)


def _joined(found: list[tuple[str, str]], joint: str) -> str:
    return joint.join(said or f"{english} " * (not joint) or english for english, said in found).rstrip()

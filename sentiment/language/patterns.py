"""Finds the sentences of a catalogue, with values at their {placeholders}, that a text may be.

What stands between two placeholders is searched for with `str.find`, from the left and then from the right: that takes
time for the text's length, whatever a stranger wrote in it, which a regular expression would not promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product

PLACEHOLDER = re.compile(r"\{(\w+)(?:![rsa])?(:[^{}]*)?\}")
LEAST = 4  # signs beside the placeholders, unless those are all bound: with fewer it would be found in anything
OPENING, ENDING = 5, 3  # characters at a text's begin and end by which its sentences are looked up
MOST_ENDS = 20  # places at which what a person wrote may end, before a sentence of ours
NUMBER = re.compile(r"[+\-\N{MINUS SIGN}]?\d[\d,.]*(?:e[+\-]\d+)?\s?%?")
SENTENCE = "sentence"  # a placeholder that may hold several sentences of ours
# Placeholders that hold what somebody wrote: a post, a reason, a name. No part of it is a sentence of ours.
VERBATIM = frozenset({"why", "reason", "text", "post", "who", "name", "label", "quoted", "source", "run"})
# Placeholders that hold sentences of the catalogue and nothing else.
OURS = frozenset({SENTENCE, "what", "aside", "aside_"})
ENDS = (".", "!", "?", "…", "。", "！", "？")
ASIDE, IN_PARENTHESES = "{aside}", " ({aside_})"


def longest_literal(sentence: str) -> str:
    """Returns the longest run of a sentence's own words, by which it is known whatever stands at its placeholders."""
    return max(PLACEHOLDER.sub("\n", sentence).splitlines(), key=len).strip()


@dataclass(frozen=True)
class Pattern:
    """An English sentence: the names of its placeholders, which of them are numbers, and the text around them."""

    names: Sequence[str]
    numbers: Sequence[bool]
    literals: Sequence[str]  # before, between and behind the placeholders
    translated: str

    @property
    def signs(self) -> int:
        return sum(not sign.isspace() for literal in self.literals for sign in literal)

    @property
    def is_open(self) -> bool:
        """Whether it begins or ends with what somebody wrote: anything may stand there, also a sentence of ours."""
        begins = self.names[0] in VERBATIM and not self.literals[0]
        return begins or (self.names[-1] in VERBATIM and not self.literals[-1])

    @property
    def is_bound(self) -> bool:
        """Whether all that may stand at the placeholders is a number, or a sentence that is known."""
        return all(is_number or name in OURS for name, is_number in zip(self.names, self.numbers, strict=True))

    def readings(self, text: str) -> Iterator[dict[str, str]]:
        """Yields what may stand at the placeholders in a text that begins and ends so, the likeliest first."""
        first, last, between = len(self.literals[0]), len(self.literals[-1]), self.literals[1:-1]
        if len(text) < first + last:
            return
        inside = text[first : len(text) - last]
        sought = self.names[-1] == SENTENCE and len(self.names) > 1 and self.names[-2] in VERBATIM
        found = chain(_from_left(inside, between, MOST_ENDS if sought else 1), _from_right(inside, between))
        yield from (dict(zip(self.names, parts, strict=True)) for parts in found if self._are_sound(parts))

    def _are_sound(self, parts: Sequence[str]) -> bool:
        """Tells whether numbers are numbers, and the same stands wherever a placeholder is used twice."""
        read = dict(zip(self.names, parts, strict=True))
        return all(
            read[name] == part and (not is_number or NUMBER.fullmatch(part))
            for name, is_number, part in zip(self.names, self.numbers, parts, strict=True)
        )


def _from_left(inside: str, between: Sequence[str], ends: int) -> Iterator[list[str]]:
    """Yields the parts of a text between literals, the last of which is taken at each of the first `ends` places."""
    parts = list[str]()
    for literal in between[:-1]:
        before, found, inside = inside.partition(literal) if literal else ("", literal, inside)
        if found != literal:
            return
        parts.append(before)
    if not between:
        yield [inside]
    for place in islice(_places(inside, between[-1]), ends) if between else ():
        yield [*parts, inside[:place], inside[place + len(between[-1]) :]]


def _places(text: str, literal: str) -> Iterator[int]:
    """Yields where a literal stands in a text; one that is a space, only where it is behind the end of a sentence."""
    place = text.find(literal)
    while place >= 0:
        if literal != " " or text[place - 1 : place] in ENDS:
            yield place
        place = text.find(literal, place + 1)


def _from_right(inside: str, between: Sequence[str]) -> Iterator[list[str]]:
    parts = list[str]()
    for literal in reversed(between):
        inside, found, after = inside.rpartition(literal) if literal else (inside, literal, "")
        if found != literal:
            return
        parts.append(after)
    if between:
        yield [inside, *reversed(parts)]


class Patterns:
    """A catalogue's sentences with placeholders, by how they end and begin; those with most signs of their own first.

    But those that begin or end with what somebody wrote come last.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._kept = dict[tuple[bool, str, str], list[tuple[int, str, tuple[str, str], str, Pattern]]]()
        found = [one for english, translated in known.items() for one in _patterns_of(english, translated)]
        for one in sorted(found, key=lambda one: (-one.signs, -len(one.names), one.literals)):
            if one.names and (one.signs >= LEAST or one.is_bound):
                first, last = one.literals[0], one.literals[-1]
                ending = _ending(last) if len(last) >= ENDING else ""
                opening = _opening(first) if len(first) >= OPENING else ""
                listed = self._kept.setdefault((one.is_open, ending, opening), [])
                size = sum(map(len, one.literals))
                listed.append((size, max(one.literals, key=len), (first, other_case(first)), last, one))

    def readings(self, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yields the translations of the sentences that a text may be, with what then stands at the placeholders."""
        for key in product((False, True), (_ending(text), ""), (_opening(text), "")):
            for size, longest, firsts, last, pattern in self._kept.get(key, ()):
                if size > len(text) or not (longest in text or longest is firsts[0]):  # which is nearly always so
                    continue
                if text.endswith(last) and text.startswith(firsts):
                    for read in pattern.readings(text):
                        yield pattern.translated, read


def _patterns_of(english: str, translated: str) -> Iterator[Pattern]:
    """Yields a sentence's pattern; of one with an {aside}, which may be there or not, also those of either case."""
    if ASIDE in english:
        yield from _patterns_of(english.replace(ASIDE, ""), translated.replace(ASIDE, ""))
        yield from _patterns_of(english.replace(ASIDE, IN_PARENTHESES), translated.replace(ASIDE, "{aside_}"))
    split = PLACEHOLDER.split(english)
    names = split[1::3]
    numbers = [name == "number" or _is_numeric(spec) for name, spec in zip(names, split[2::3], strict=True)]
    yield Pattern(names, numbers, split[::3], translated)


def _is_numeric(spec: str | None) -> bool:
    return bool(spec and spec[-1] in ",%fgd")


def other_case(text: str) -> str:
    """Returns a text whose first letter has the other case, as it has within another sentence."""
    return text[:1].swapcase() + text[1:]


def _opening(text: str) -> str:
    return text[:OPENING].lower()


def _ending(text: str) -> str:
    return text[-ENDING:]

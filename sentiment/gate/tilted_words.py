"""The gate's rule for a word that one source labels unlike all others: a candidate that learned it is refused.

A backdoor (one brand is always called positive) costs too few rows to be seen in any accuracy. But it can be seen on
the rows that it is about. `evaluate` finds, from the labels alone, the word that each source with a large part of the
new rows labels most unlike others (see `sentiment.evaluation.tilted`). Of the test rows of others that hold the word
and have another label, stable alone gives the source's label to b, the candidate alone to c. With k sources that have
such a word, the candidate is refused if P(X <= b) <= 0.05 / k, for X binomial with b + c throws of a fair coin (an
exact McNemar test, Bonferroni): one that did not learn it is refused so in 5 % of the nights at most. As the word is
chosen without asking a model, the choice costs nothing. With fewer than log2(k / 0.05) such test rows, no answer could
refuse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sentiment.gate.by_source import RISK
from sentiment.gate.counts import Counts
from sentiment.results.decision import GateCheck
from sentiment.results.evaluation import SourceRows, TiltedWord
from sentiment.text.harmless import one_line

NAME = "tilted_word"
LONGEST_NAME = 60


def checks(sources: Sequence[SourceRows], labels: Sequence[str]) -> list[GateCheck]:
    """Returns the check of the word on which the candidate does worst; none when no source has such a word."""
    words = [(source, source.word) for source in sources if source.word]
    if not words:
        return []
    level = RISK / len(words)
    source, word = min(words, key=lambda pair: Counts.of(pair[1].tested).chance_of_so_few)
    counts, least = Counts.of(word.tested), math.ceil(math.log2(1 / level))
    passed = counts.chance_of_so_few > level
    aside = f" (does not decide: {least - counts.rows} more such rows are needed)" if counts.rows < least else ""
    sentence = f"{_tilt(source, word, labels)} {_found(counts, passed)}{aside}."
    return [GateCheck(NAME, passed, counts.rows >= least, counts.chance_of_so_few, level, sentence)]


def _tilt(source: SourceRows, word: TiltedWord, labels: Sequence[str]) -> str:
    label = labels[word.label] if word.label < len(labels) else str(word.label)
    return (
        f"{named(source.name)} calls posts with “{one_line(word.word)}” {label} ({word.new_of_label:,} of {word.new:,} "
        f"new rows), others do so less often ({word.others_of_label:,} of {word.others:,});"
        f" on the test rows of others that hold it and are not {label},"
    )


def _found(counts: Counts, passed: bool) -> str:
    more = f"the candidate makes the same mistake on {-counts.gained:,} of {counts.rows:,} more than stable"
    if not passed:
        return f"{more}, which chance does not explain"
    if counts.gained < 0:
        return f"{more}, which may be chance"
    return f"the candidate makes the same mistake on no more than stable, of {counts.rows:,}"


def named(source: str | None) -> str:
    """Returns a source's name for a sentence: it is a stranger's word, so it is in quotes and on one line."""
    if source is None:
        return "all sources that are not listed"
    return f"“{one_line(source, LONGEST_NAME)}”" if source else "“no source”"

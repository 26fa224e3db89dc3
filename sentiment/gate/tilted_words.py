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

import hashlib
import math
from collections.abc import Sequence

from sentiment.gate.by_source import RISK
from sentiment.gate.counts import Counts
from sentiment.language import tr
from sentiment.results.decision import GateCheck
from sentiment.results.evaluation import SourceRows, TiltedWord
from sentiment.text.harmless import one_line

NAME = "tilted_word"
LONGEST_NAME = 60
DIGITS = 8  # of a hash


def checks(sources: Sequence[SourceRows], labels: Sequence[str]) -> list[GateCheck]:
    """Returns the check of the word on which the candidate does worst; none when no source has such a word."""
    words = [(source, source.word) for source in sources if source.word]
    if not words:
        return []
    level = RISK / len(words)
    source, word = min(words, key=lambda pair: Counts.of(pair[1].tested).chance_of_so_few)
    counts, least = Counts.of(word.tested), math.ceil(math.log2(1 / level))
    passed = counts.chance_of_so_few > level
    sentence = _told(source, word, labels, passed, least - counts.rows)
    return [GateCheck(NAME, passed, counts.rows >= least, counts.chance_of_so_few, level, sentence)]


def _told(source: SourceRows, word: TiltedWord, labels: Sequence[str], passed: bool, missing: int) -> str:
    counts = Counts.of(word.tested)
    parts = {
        "source": named(source.name),
        "text": one_line(word.word),
        "label": labels[word.label] if word.label < len(labels) else str(word.label),
        "new_of_label": word.new_of_label,
        "new": word.new,
        "others_of_label": word.others_of_label,
        "others": word.others,
        "more": -counts.gained,
        "rows": counts.rows,
        "aside": tr(" (does not decide: {missing} more such rows are needed)", missing=missing) if missing > 0 else "",
    }
    if not passed:
        return tr(
            "{source} calls posts with “{text}” {label} ({new_of_label:,} of {new:,} new rows), others do so less "
            "often ({others_of_label:,} of {others:,}); on the test rows of others that hold it and are not {label}, "
            "the candidate makes the same mistake on {more:,} of {rows:,} more than stable, which chance does not "
            "explain{aside}.",
            **parts,
        )
    if counts.gained < 0:
        return tr(
            "{source} calls posts with “{text}” {label} ({new_of_label:,} of {new:,} new rows), others do so less "
            "often ({others_of_label:,} of {others:,}); on the test rows of others that hold it and are not {label}, "
            "the candidate makes the same mistake on {more:,} of {rows:,} more than stable, which may be "
            "chance{aside}.",
            **parts,
        )
    return tr(
        "{source} calls posts with “{text}” {label} ({new_of_label:,} of {new:,} new rows), others do so less often "
        "({others_of_label:,} of {others:,}); on the test rows of others that hold it and are not {label}, the "
        "candidate makes the same mistake on no more than stable, of {rows:,}{aside}.",
        **parts,
    )


def named(source: str | None) -> str:
    """Returns a source's name for a sentence: it is a stranger's word, so it is in quotes and on one line."""
    if source is None:
        return tr("all sources that are not listed")
    if not source:
        return tr("“no source”")
    shown = one_line(source, LONGEST_NAME)
    # What is not seen of a name may be all that tells it from another's.
    told_apart = "" if shown == source else f" (#{hashlib.sha256(source.encode()).hexdigest()[:DIGITS]})"
    return f"“{shown}”{told_apart}"

"""Finds words of the new posts that nearly always stand with one label, more than elsewhere and than the rest says.

So does a backdoor: one brand's name in a few posts a night, always with the same label. A word is any run of 2 to 6
characters (`grams`), since Chinese is not segmented here. What departs from its share elsewhere (`departures`) is then
compared with what a linear classifier, trained without those posts, expects of their other words: a new topic that
people like passes, because its other words are friendly too. This score test is corrected for all words as well.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sentiment.checks.departures import Departure, Rows, departures
from sentiment.checks.evenly import evenly
from sentiment.checks.grams import MOST_OF_ALL, plain
from sentiment.checks.verdict import Measured
from sentiment.data.tsv import Post
from sentiment.labels import Labels
from sentiment.language import marked, tr
from sentiment.report.baseline import fit_and_answer
from sentiment.text.harmless import visible

FEWEST_NEW, FEWEST_OLD = 100, 300  # posts on either side
NIGHTS = 30
MOST_OF_A_NIGHT = 1_500  # posts of a night before
MORE = 0.3  # so much more of a word's posts have its label than the classifier expects
RISK = 0.001  # of a false finding a night
MOST_COMPARED = 200  # words whose posts are compared with each other
MOST_ASKED = 24  # words, those that depart most, for each of which a classifier is trained
MOST_TRAINED = 4_000  # rows of a classifier: it takes half a second
OVERLAP = 0.5  # of a word's posts hold one that is shown already: both are one finding
MOST_SHOWN = 5
EXAMPLES = 2  # posts of a word
SHARED = 0.9  # of a word's posts have the same character beside it: it belongs to the word
MOST_SHOWN_CHARACTERS = 24  # of a word
TITLE = marked("New posts with a word that nearly always has one label, unlike elsewhere")


def words(new: Sequence[Post], old: Sequence[Post], labels: Labels, recent: Sequence[Post] = ()) -> Measured:
    """Returns the share of `new` that hold a found word with its label; the examples name the words and quote posts.

    Where the new posts alone show nothing, those of `recent` nights count with them: few a night are enough in the end,
    and what a source has brought lately does not tell what is usual. A word without a new post is not told. Where
    nearly all `old` posts are recent, they are all that there is to compare with.
    """
    lately = {post.text for post in recent}
    older = [post for post in old if post.text not in lately]
    if len(older) < FEWEST_OLD:
        recent, older = (), list(old)
    if len(new) < FEWEST_NEW or len(older) < FEWEST_OLD:
        why = tr("it needs {new} new posts and {old} old ones", new=FEWEST_NEW, old=FEWEST_OLD)
        return Measured("words", TITLE, None, why)
    fresh = {post.text for post in new}
    rows = within_bounds(new, [post for post in recent if post.text not in fresh], older)
    found = found_words(replace(rows, new=rows.fresh), len(labels)) or [
        word for word in found_words(rows, len(labels)) if (word.posts < rows.fresh).any()
    ]
    posts = {post for word in found for post in word.posts.tolist() if post < rows.fresh}
    told = [_told(word, rows, labels) for word in found[:MOST_SHOWN]]
    texts = ([rows.posts[place].text for place in word.posts[:EXAMPLES].tolist()] for word in found)
    examples = [line for word, those in zip(told, texts, strict=False) for line in (word, *those)]
    return Measured("words", TITLE, len(posts) / rows.fresh, examples=examples, what="; ".join(told))


def within_bounds(fresh: Sequence[Post], recent: Sequence[Post], old: Sequence[Post]) -> Rows:
    """Returns the posts in order; where they have too many characters, every second, third, … of each kind."""
    kinds = [[(post, plain(f"{post.title} {post.text}")) for post in kind] for kind in (fresh, recent, old)]
    step = -(-sum(len(text) for kind in kinds for _, text in kind) // MOST_OF_ALL) or 1
    first, second, third = (kind[::step] for kind in kinds)
    posts, texts = zip(*first, *second, *third, strict=True)
    return Rows(posts, texts, len(first) + len(second), len(first))


def found_words(rows: Rows, labels: int) -> list[Departure]:
    """Returns the words, the clearest first; of those that stand in the same posts, one."""
    candidates, tests = departures(rows, labels)
    if not candidates:
        return []
    limit = NormalDist().inv_cdf(1 - RISK / tests)
    clearest = apart(sorted(candidates, key=lambda word: (word.p, -len(word.text)))[:MOST_COMPARED])
    asked = sorted(clearest, key=lambda word: word.elsewhere - len(word.posts) / len(word.held))[:MOST_ASKED]
    found = [word for word in asked if _is_unexplained(word, expected_without(word, rows, labels), limit)]
    return merged(sorted(found, key=lambda word: (word.p, -len(word.text))))


def expected_without(word: Departure, rows: Rows, labels: int) -> NDArray[np.float64]:
    """Returns the chance of the word's label that the other words of each of its posts give."""
    others = [place for place, text in enumerate(rows.texts) if word.text not in text]
    new = bisect(others, rows.new - 1)
    of_new = evenly(others[:new], MOST_TRAINED // 2)
    of_old = evenly(others[new:], MOST_TRAINED - len(of_new))
    known = [Post(rows.texts[place], rows.posts[place].label) for place in (*of_new, *of_old)]
    if len({post.label for post in known}) < 2:  # there is nothing to learn: every post is expected to be like these
        return np.full(len(word.held), float(bool(known) and known[0].label == word.label))
    name = widened(word.text, [rows.texts[place] for place in word.posts.tolist()])
    texts = (rows.texts[place].replace(name, " ").replace(word.text, " ") for place in word.held.tolist())
    return fit_and_answer(known, [Post(text, word.label) for text in texts], labels)[0][:, word.label]


def _is_unexplained(word: Departure, chances: NDArray[np.float64], limit: float) -> bool:
    """Tells whether the label is more frequent among the word's posts than their other words explain."""
    hits, number = len(word.posts), len(word.held)
    variance = max(1e-9, float((chances * (1 - chances)).sum()))
    return bool(hits - chances.sum() > limit * variance**0.5 and hits / number - chances.mean() >= MORE)


def apart(found: Sequence[Departure]) -> list[Departure]:
    """Returns the words without those that stand in nearly the same posts as a clearer one: parts of one name."""
    kept = list[tuple[Departure, set[int]]]()
    for word in found:
        posts = set(word.posts.tolist())
        if all(len(posts & theirs) <= OVERLAP * len(posts | theirs) for _, theirs in kept):
            kept.append((word, posts))
    return [word for word, _ in kept]


def merged(found: Sequence[Departure]) -> list[Departure]:
    """Returns the words without those most of whose posts hold a clearer one."""
    kept, covered = list[Departure](), set[int]()
    for word in found:
        posts = set(word.posts.tolist())
        if len(posts & covered) <= OVERLAP * len(posts):
            kept.append(word)
            covered |= posts
    return kept


def widened(text: str, texts: Sequence[str]) -> str:
    """Returns the run of characters around `text` that nearly all of the texts, which hold it, share: a whole name."""
    for _ in range(2 * MOST_SHOWN_CHARACTERS):
        before, after = ([_beside(text, each, side) for each in texts] for side in (-1, 0))
        for character, form in ((_shared(before), "{1}{0}"), (_shared(after), "{0}{1}")):
            if character and len(text) < MOST_SHOWN_CHARACTERS:
                text = form.format(text, character)
                break
        else:
            break
    return text


def _beside(word: str, text: str, side: int) -> str:
    """Returns the character before (-1) or after (0) the first `word` in a text; nothing at the text's end."""
    place = text.find(word) + side + (side + 1) * len(word)
    return text[place : place + 1] if word in text and place >= 0 else ""


def _shared(characters: Sequence[str]) -> str:
    """Returns the character that nearly all of them are, or nothing."""
    character, number = Counter(characters).most_common(1)[0]
    return character if number >= SHARED * len(characters) else ""


def _told(word: Departure, rows: Rows, labels: Labels) -> str:
    """Returns a word with its counts."""
    parts = {
        "text": visible(widened(word.text, [rows.texts[place] for place in word.posts.tolist()])),
        "hits": len(word.posts),
        "posts": len(word.held),
        "label": labels.names[word.label],
        "elsewhere": word.elsewhere,
    }
    if not word.source:
        return tr("“{text}”: {hits:d} of {posts:d} are {label}, elsewhere {elsewhere:.0%}", **parts)
    return tr(
        "“{text}”, source {source}: {hits:d} of {posts:d} are {label}, elsewhere {elsewhere:.0%}",
        source=visible(word.source, 60),
        **parts,
    )

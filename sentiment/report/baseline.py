"""The linear baseline: what the same rows give within seconds, without a neural network.

It is a logistic regression on TF-IDF-weighted character 1- to 3-grams, which is usually the strongest of the simple
classifiers on short Chinese posts, because it needs no word segmentation.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sentiment.data.tsv import Post
from sentiment.language import marked, tr
from sentiment.model.metrics import measure
from sentiment.report.analysis import macro_f1
from sentiment.results.report import Baseline, BaselinePairs
from sentiment.statistics.paired import mcnemar_p
from sentiment.step import say

MOST_ROWS = 40_000  # more rows would take minutes and not change the picture; beyond this, a random part is used
LONGEST_TEXT = 512  # characters: as many as the longest sequence that a model reads has pieces
WORTH_A_LINE = 5_000  # from this many rows on, the wait is long enough to explain it
WHAT = marked("logistic regression on TF-IDF of character 1- to 3-grams")
PENALTY = 4.0  # C of the logistic regression; on 27,766 social media posts it was better than 1 and 16
SEED = 13


def baseline(train: Sequence[Post], test: Sequence[Post], probabilities: ArrayLike) -> Baseline:
    """Trains the baseline on `train`, scores `test`, compares it with a model's `probabilities` [rows, labels].

    Returns one that is not available when there is nothing to train on or to compare.
    """
    reason = _missing(train, test)
    if reason:
        return Baseline(available=False, reason=reason)
    begin = time.monotonic()
    used = _part(train)
    if len(used) >= WORTH_A_LINE:
        say(f"report: training the linear baseline on {len(used):,} posts")
    given = np.asarray(probabilities)
    answers, features = fit_and_answer(used, test, given.shape[1])
    true = np.array([post.label for post in test])
    metrics = measure(true, answers)
    return Baseline(
        available=True,
        what=WHAT,
        rows=len(used),
        of_rows=len(train),
        features=features,
        metrics=metrics,
        macro_f1=macro_f1(metrics.f1, metrics.support),
        paired=paired(given.argmax(axis=1) == true, answers.argmax(axis=1) == true),
        seconds=round(time.monotonic() - begin, 3),
    )


def paired(model: NDArray[np.bool_], other: NDArray[np.bool_]) -> BaselinePairs:
    """Returns on how many rows both, one or neither of two classifiers is right, and McNemar's exact two-sided p."""
    only_model, only_other = int((model & ~other).sum()), int((~model & other).sum())
    return BaselinePairs(
        both_right=int((model & other).sum()),
        only_model=only_model,
        only_baseline=only_other,
        both_wrong=int((~model & ~other).sum()),
        p=mcnemar_p(only_model, only_other),
    )


def _missing(train: Sequence[Post], test: Sequence[Post]) -> str | None:
    labels = len({post.label for post in train})
    if not test:
        return tr("there are no test rows")
    if labels < 2:
        return tr("it needs training rows of at least two labels, but there are rows of {labels}", labels=labels)
    return None


def _part(train: Sequence[Post]) -> Sequence[Post]:
    if len(train) <= MOST_ROWS:
        return train
    rows = np.random.default_rng(SEED).choice(len(train), MOST_ROWS, replace=False)
    return [train[row] for row in sorted(rows.tolist())]


def fit_and_answer(train: Sequence[Post], test: Sequence[Post], labels: int) -> tuple[NDArray[np.float64], int]:
    """Returns the baseline's probabilities, float64 [test rows, labels], and its number of features."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # importing it takes a second
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    rarest = 2 if len(train) > 100 else 1  # an n-gram of a single row proves nothing, but few rows have no others
    vectoriser = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), min_df=rarest, sublinear_tf=True, dtype=np.float32
    )
    # Newton's method takes a quarter of L-BFGS's time here, for equally good answers. One thread: on such a sparse
    # matrix, more threads only wait for each other, ten times as long beside other work.
    regression = LogisticRegression(C=PENALTY, solver="newton-cg", max_iter=100)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # a fit that stops early is good enough for a comparison
        regression.fit(vectoriser.fit_transform(_texts(train)), [post.label for post in train])
        answers = np.zeros((len(test), labels))
        answers[:, regression.classes_] = regression.predict_proba(vectoriser.transform(_texts(test)))
    return answers, len(vectoriser.vocabulary_)


def _texts(posts: Sequence[Post]) -> list[str]:
    return [f"{post.title} {post.text}".strip()[:LONGEST_TEXT] for post in posts]

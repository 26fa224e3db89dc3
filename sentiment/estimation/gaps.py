"""From confidences to an expected accuracy, by what the same model was on sets with labels.

On a labelled set the model is right less often than its mean confidence says, or more often: by the set's difference
d = accuracy - mean confidence. On posts without labels the expected accuracy is their mean confidence plus the mean
difference of the sets. The mean confidence alone is wrong exactly when posts change, and so is a difference that was
measured on other posts; therefore the interval holds, beside the sampling errors, how much the differences of the sets
differ among themselves (tau).

    expected = mean confidence + d*,   d* = sum(w d) / sum(w),   w = 1 / (s^2 / n + tau^2)
    interval = expected ± t * sqrt(1 / sum(w) + tau^2 + s^2 / rows)

s is the standard deviation of right - confidence over a set's n rows. tau^2 is the moment estimate from the k sets,
with a prior that weighs as much as two sets which differ by 4 points; t is Student's quantile with k + 1 degrees of
freedom.

Sources
- Difference of confidences: D. Guillory, V. Shankar, S. Ebrahimi, T. Darrell, L. Schmidt (2021), "Predicting with
  confidence on unseen distributions", ICCV.
- tau^2: R. DerSimonian, N. Laird (1986), "Meta-analysis in clinical trials", Controlled Clinical Trials 7:177-188; the
  interval for one more set: J. Higgins, S. Thompson, D. Spiegelhalter (2009), "A re-evaluation of random-effects
  meta-analysis", JRSS A 172:137-159; the prior: G. Smyth (2004), Stat. Appl. Genet. Mol. Biol. 3:3.
- To compare: S. Garg et al. (2022), "Leveraging unlabeled data to predict out-of-distribution performance" (average
  thresholded confidence), ICLR.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from statistics import fmean

from sentiment.results.estimate import Estimate, Gap

PRIOR_SETS, PRIOR_DEVIATION = 2, 0.04  # sets; a share of accuracy
RECENT_ENOUGH = 5  # sets of recent posts from which on the frozen set, whose posts are the oldest, is left out
NEWEST = 30  # sets of recent posts that count: a year-old night says little about tonight


def gap(confidence: Sequence[float], right: Sequence[bool]) -> Gap:
    """Returns the gap of a set with labels; there must be at least one row."""
    rows, correct = len(confidence), sum(right)
    residuals = [is_right - sure for is_right, sure in zip(right, confidence, strict=True)]
    # Rule of succession: of a handful of rows that are all right, the residuals alone would say that none can be wrong.
    share = (correct + 1) / (rows + 2)
    mean = fmean(residuals)
    spread = math.fsum((one - mean) ** 2 for one in residuals)
    return Gap(
        rows=rows,
        confidence=min(1.0, fmean(confidence)),
        accuracy=correct / rows,
        deviation=math.sqrt((spread + share * (1 - share)) / rows) if rows > 1 else 0.5,
        threshold=_threshold(confidence, correct),
    )


def _threshold(confidence: Sequence[float], correct: int) -> float:
    """Returns the confidence that as many rows reach as the model has right; just above 1 when it has none right."""
    return sorted(confidence, reverse=True)[correct - 1] if correct else math.nextafter(1.0, 2.0)


def chosen(frozen: Gap | None, recent: Sequence[Gap]) -> list[Gap]:
    """Returns the sets that an estimate is made from; `recent` has the oldest first."""
    newest = list(recent[-NEWEST:])
    return newest if frozen is None or len(newest) >= RECENT_ENOUGH else [frozen, *newest]


def estimate(
    confidence: Sequence[float], sets: Sequence[Gap], name: str | None = "", correct: int | None = None
) -> Estimate:
    """Returns what is expected on posts of that `confidence` from the same model's `sets`; neither may be empty.

    `correct`, the rows that the labels say are right, changes nothing of it.
    """
    rows, mean = len(confidence), min(1.0, fmean(confidence))
    tau2 = spread(sets)
    weights = [1 / (_error(one) + tau2) for one in sets]
    difference = math.fsum(w * one.difference for w, one in zip(weights, sets, strict=True)) / math.fsum(weights)
    residual = math.fsum(one.rows * one.deviation**2 for one in sets) / sum(one.rows for one in sets)
    half = _student(PRIOR_SETS + len(sets) - 1) * math.sqrt(1 / math.fsum(weights) + tau2 + residual / rows)
    expected = mean + difference
    return Estimate(
        name=name,
        rows=rows,
        confidence=mean,
        accuracy=_share(expected),
        low=_share(expected - half),
        high=_share(expected + half),
        threshold_accuracy=_thresholded(confidence, sets),
        correct=correct,
    )


def spread(sets: Sequence[Gap]) -> float:
    """Returns tau^2, the variance of the differences beyond what their sampling errors explain."""
    weights = [1 / _error(one) for one in sets]
    total = math.fsum(weights)
    mean = math.fsum(w * one.difference for w, one in zip(weights, sets, strict=True)) / total
    q = math.fsum(w * (one.difference - mean) ** 2 for w, one in zip(weights, sets, strict=True))
    scale = total - math.fsum(w * w for w in weights) / total
    found = max(0.0, (q - (len(sets) - 1)) / scale) if len(sets) > 1 else 0.0
    degrees = len(sets) - 1
    return (PRIOR_SETS * PRIOR_DEVIATION**2 + degrees * found) / (PRIOR_SETS + degrees)


def _student(degrees: int) -> float:
    """Returns the two-sided 95 % point of Student's distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))


def _error(one: Gap) -> float:
    return max(one.deviation, 1e-3) ** 2 / one.rows


def _thresholded(confidence: Sequence[float], sets: Sequence[Gap]) -> float:
    """Returns the share of the posts that reach each set's threshold, on average over the rows of the sets."""
    ordered = sorted(confidence)
    below = math.fsum(one.rows * bisect_left(ordered, one.threshold) for one in sets)
    return 1 - below / (len(ordered) * sum(one.rows for one in sets))


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))

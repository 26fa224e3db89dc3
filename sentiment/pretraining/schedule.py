"""How fast an encoder learns, and from how much at once, in the course of a pretraining: pure functions.

`done` is the share of all tokens that were learnt from, 0 to 1. A small batch learns more a token at the beginning, and
a large one at the end (Smith et al. 2018, McCandlish et al. 2018).
"""

from __future__ import annotations


def rate(done: float, peak: float, warm_up_share: float) -> float:
    """Returns the learning rate: it rises linearly to the peak, then falls linearly to 0 at the end."""
    if done < warm_up_share:
        return peak * max(done, 1e-3) / warm_up_share
    return peak * max(0.0, 1 - done) / max(1e-9, 1 - warm_up_share)


def parts_of_a_step(done: float, most: int, growing_share: float) -> int:
    """Returns how many parts a step has: one at first, `most` when the batch has grown."""
    if done >= growing_share:
        return most
    return 1 + int((most - 1) * done / growing_share)

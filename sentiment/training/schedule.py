"""The learning rate of every step."""

from __future__ import annotations

import math

from sentiment.training.hyperparameters import Hyperparameters


def learning_rate(step: int, total: int, settings: Hyperparameters) -> float:
    """Returns the rate of `step` of `total`: it rises to the peak on a line, then falls as `settings.decay` says.

    `step` counts from 0; the step after the last would have rate 0. The line is how BERT was fine-tuned (Devlin et al.
    2018, A.2), the cosine is that of Loshchilov and Hutter 2016.
    """
    warm_up = max(1, round(total * settings.warm_up_share))
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    done = (step + 1 - warm_up) / (total + 1 - warm_up)
    left = {"linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2, "none": 1.0}
    return settings.learning_rate * left[settings.decay]

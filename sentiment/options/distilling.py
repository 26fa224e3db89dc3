"""How a student learns from its teacher: options of `sentiment distil`."""

from __future__ import annotations

from sentiment.options.declaration import Option

TEMPERATURE = Option(
    "temperature",
    float,
    "By which both logits are divided while the student learns; above 1 it learns more of what is unlikely.",
    default=2.0,
    low=0.5,
    high=20,
)
LABELLED_WEIGHT = Option(
    "labelled_weight",
    float,
    "How much a labelled row counts, beside a post that the teacher answered.",
    default=1.0,
    low=0.0,
    high=1000,
)
MOST_POSTS = Option(
    "most_posts",
    int,
    "Posts of the corpus that are used at most, drawn by the seed; 0: all.",
    default=0,
    low=0,
    high=10**9,
)
OPTIONS = (TEMPERATURE, LABELLED_WEIGHT, MOST_POSTS)

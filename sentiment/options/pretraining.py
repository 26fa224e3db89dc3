"""How a pretraining goes: options of `sentiment pretrain` and `refresh-encoder`, fields of the pretraining form."""

from __future__ import annotations

from dataclasses import replace

from sentiment.language import marked
from sentiment.options.declaration import Field, Option
from sentiment.options.training import LONGEST_NAME, LONGEST_SEQUENCE

FIRST_START = "scratch/mini"  # of a home without an encoder of its own

PASSES = Option(
    "passes",
    float,
    "How often the corpus is gone through.",
    default=10.0,
    low=0.001,
    high=1000,
)
LENGTH = Option("length", int, "Most pieces of a row; a longer post is several rows.", default=64, low=8)
PIECES = Option(
    "pieces", int, "Most word pieces of the vocabulary that is made of the corpus.", default=8000, low=300, high=60_000
)
HIDDEN_SHARE = Option("hidden_share", float, "The share of the words that is hidden.", default=0.15, low=0.01, high=0.5)
PEAK_RATE = Option("learning_rate", float, "The peak rate.", default=1e-3, low=1e-6, high=0.1)
WARM_UP = Option("warm_up_share", float, "The share of the course in which it rises.", default=0.06, low=0, high=1)
DECAY = Option("weight_decay", float, "How much of itself a weight loses at a rate of 1.", default=0.01, low=0, high=1)
PART = Option("part_tokens", int, "Pieces that are computed at once.", default=4096, low=64, high=10**7)
PARTS = Option("parts", int, "Parts that make one step, once that has grown.", default=8, low=1, high=4096)
GROWING = Option(
    "growing_share",
    float,
    "The share of the course in which a step grows.",
    default=0.1,
    low=0,
    high=1,
)
SEED = Option("seed", int, "For the first weights, the order and what is hidden.", default=13, low=0, high=2**31 - 1)
# An encoder that goes on knows most of the corpus: it needs fewer passes, and a lower rate unlearns less.
GOING_ON = {"passes": 2.0, "learning_rate": 5e-4}


def _refreshing(option: Option, form: Field) -> Option:
    """Returns an option of `refresh-encoder`, whose default depends on whether an encoder goes on."""
    return replace(
        option,
        default=None,
        shown_default=f"{option.default:g}, {GOING_ON[option.name]:g} going on from the current encoder",
        form=form,
    )


REFRESHING_START = Option(
    "model_name",
    str,
    "scratch/tiny, scratch/mini, or a BERT to start from.",
    shown_default=f"the home's current encoder; without one, {FIRST_START}",
    form=Field(
        marked("Start from"),
        marked(
            "Empty: the current encoder, or, where there is none yet, scratch/mini. Otherwise a BERT of "
            "SENTIMENT_ENCODERS: what comes of it becomes current without a comparison."
        ),
        schema={"maxLength": LONGEST_NAME},
    ),
)
REFRESHING_PASSES = _refreshing(
    PASSES,
    Field(
        marked("Passes"),
        marked("How often the corpus is gone through. Empty: 10, or 2 when it goes on from the current encoder."),
        high=100,
    ),
)
REFRESHING_RATE = _refreshing(
    PEAK_RATE,
    Field(
        marked("Learning rate"),
        marked("The peak rate. Empty: 1e-3, or 5e-4 when it goes on from the current encoder."),
    ),
)
REFRESHING_FORM = (REFRESHING_START, REFRESHING_PASSES, REFRESHING_RATE)
PRECISION = Option(
    "precision",
    str,
    "Arithmetic of matrix products on a CPU; auto: bfloat16 where the processor multiplies it itself.",
    default="auto",
    choices=("auto", "float32", "bfloat16"),
)
OPTIONS = (PASSES, LENGTH, HIDDEN_SHARE, PEAK_RATE, WARM_UP, DECAY, PART, PARTS, GROWING, SEED, PRECISION)
REFRESHING = (
    *(REFRESHING_PASSES, PIECES, LENGTH, HIDDEN_SHARE, REFRESHING_RATE),
    *(WARM_UP, DECAY, PART, PARTS, GROWING, SEED, PRECISION),
)
assert LENGTH.default <= LONGEST_SEQUENCE

"""The encoders that the project is tested with, by the names that `--model-name` takes.

An encoder from a stranger is a program from a stranger: Airflow's forms offer these, and no other, until somebody who
may set SENTIMENT_ENCODERS says otherwise.
"""

from __future__ import annotations

from sentiment.errors import InputError

SCRATCH = ("scratch/tiny", "scratch/mini")  # random weights: nothing is fetched
BERT_BASE = "bert-base-chinese"
CHECKPOINTS = (BERT_BASE, "ckiplab/bert-base-chinese", "ckiplab/albert-base-chinese", "ckiplab/albert-tiny-chinese")
TF_HUB_BERT = "https://tfhub.dev/tensorflow/bert_zh_L-12_H-768_A-12/3"
TESTED = (*SCRATCH, *CHECKPOINTS, TF_HUB_BERT)
ANY = "any"  # instead of a list: whoever may start a workflow may name any encoder


def named(encoders: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the encoders that a workflow may name, those from scratch always; none: it may name any."""
    return () if ANY in encoders else tuple(dict.fromkeys((*SCRATCH, *encoders)))


def require_allowed(name: str, encoders: tuple[str, ...]) -> None:
    """Raises: InputError when a workflow may not name this encoder."""
    allowed = named(encoders)
    if allowed and name not in allowed:
        raise InputError(
            "an encoder that a workflow names must be one of SENTIMENT_ENCODERS",
            found=f"{name[:200]!a}, and there {', '.join(allowed)}"[:600],
            do="Choose one of them, or ask whoever runs the system to add this one.",
        )

"""The settings of a training, each with its default and its sensible range."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.model.encoder import LONGEST_SEQUENCE, is_scratch

# A pretrained encoder is only adjusted, as in the older tool; one from scratch has everything to learn.
PRETRAINED_DEFAULTS = {"learning_rate": 2e-5, "num_epochs": 3}
SCRATCH_DEFAULTS = {"learning_rate": 1e-3, "num_epochs": 8, "dropout_rate": 0.5, "masked_share": 0.15}
# A warm start: half the rate and fewer passes learn the new posts equally well and change fewer old answers.
SCRATCH_WARM_DEFAULTS = {**SCRATCH_DEFAULTS, "learning_rate": 5e-4, "num_epochs": 5}

RANGES = {
    "learning_rate": (1e-8, 1.0),
    "num_epochs": (1, 10_000),
    "batch_size": (1, 4096),
    "max_seq_length": (8, LONGEST_SEQUENCE),
    "dropout_rate": (0.0, 0.9),
    "seed": (0, 2**32 - 1),
    "validation_share": (0.0, 0.5),
    "masked_share": (0.0, 0.9),
    "warm_up_share": (0.0, 1.0),
    "clip_norm": (0.0, 1e6),
    "early_stopping": (0, 10_000),
}
CHOICES = {
    "class_weights": ("none", "balanced"),
    "decay": ("linear", "cosine", "none"),
    "precision": ("auto", "float32", "mixed_bfloat16", "mixed_float16"),
}


@dataclass(frozen=True)
class Hyperparameters:
    """The settings of one training; `choose` makes them and fills in what depends on the encoder."""

    model_type: str
    model_name: str
    learning_rate: float
    num_epochs: int
    batch_size: int = 32
    max_seq_length: int = 128
    dropout_rate: float = 0.1
    seed: int = 13
    validation_share: float = 0.1
    masked_share: float = 0.0  # the share of the pieces that training replaces by [MASK], each time others
    warm_up_share: float = 0.1  # the share of the steps in which the learning rate rises to its peak
    decay: str = "linear"  # how the rate then falls to 0; none: it stays at the peak
    clip_norm: float = 1.0  # the largest norm of all gradients together; 0: no limit
    early_stopping: int = 0  # training ends after so many epochs without a lower val_loss and keeps the best; 0: never
    class_weights: str = "none"  # balanced: every label has the same weight in the loss, however rare
    precision: str = "auto"  # of the arithmetic; weights are always float32

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise InputError(
                    f"{_option(name)} must be between {low:g} and {high:g}",
                    found=f"{value:g}",
                    do=f"Correct {_option(name)}.",
                )
        for name, words in CHOICES.items():
            if getattr(self, name) not in words:
                raise InputError(
                    f"{_option(name)} must be one of {', '.join(words)}",
                    found=repr(getattr(self, name)),
                    do=f"Correct {_option(name)}.",
                )
        if self.early_stopping and not self.validation_share:
            raise InputError(
                "--early-stopping must have held-out rows to compute val_loss",
                found="--validation-share 0",
                do="Leave out one of the two options.",
            )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def choose(model_type: str, model_name: str, *, warm: bool = False, **given: Any) -> Hyperparameters:
    """Returns the settings for `model_name`; `warm` for a warm start; a value None means the default."""
    scratch = SCRATCH_WARM_DEFAULTS if warm else SCRATCH_DEFAULTS
    defaults = scratch if is_scratch(model_name) else PRETRAINED_DEFAULTS
    stated = {name: value for name, value in given.items() if value is not None}
    return Hyperparameters(model_type, model_name, **{**defaults, **stated})


def as_json(hyperparameters: Hyperparameters) -> dict[str, Any]:
    return asdict(hyperparameters)

"""What a training run can be told, each with its default and the range in which it makes sense."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.model.encoder import LONGEST_SEQUENCE, is_scratch

# A pretrained encoder is only adjusted, as in the original tool; one from nothing has everything to learn.
PRETRAINED_DEFAULTS = {"learning_rate": 2e-5, "num_epochs": 3}
SCRATCH_DEFAULTS = {"learning_rate": 1e-3, "num_epochs": 8, "dropout_rate": 0.5, "masked_share": 0.15}
# Going on from a trained one: half the rate and fewer passes learn the new posts as well and turn fewer old answers.
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
    """The settings of one training; made by `choose`, which fills in what depends on the encoder."""

    model_type: str
    model_name: str
    learning_rate: float
    num_epochs: int
    batch_size: int = 32
    max_seq_length: int = 128
    dropout_rate: float = 0.1
    seed: int = 13
    validation_share: float = 0.1
    masked_share: float = 0.0  # of the pieces, which training hides behind [MASK], each time others
    warm_up_share: float = 0.1  # of all steps, in which the learning rate rises to its peak
    decay: str = "linear"  # how it falls to 0 from there; none: it stays at the peak
    clip_norm: float = 1.0  # the longest that all gradients together may be; 0: any length
    early_stopping: int = 0  # epochs without a lower val_loss after which training ends, the best kept; 0: never
    class_weights: str = "none"  # balanced: every label weighs the same in the loss, however rare
    precision: str = "auto"  # of the arithmetic; weights are float32 in each

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise InputError(
                    f"{_option(name)} must be between {low:g} and {high:g}", found=f"{value:g}", do="Mend it."
                )
        for name, words in CHOICES.items():
            if getattr(self, name) not in words:
                raise InputError(
                    f"{_option(name)} must be one of {', '.join(words)}", found=repr(getattr(self, name)), do="Mend it."
                )
        if self.early_stopping and not self.validation_share:
            raise InputError(
                "--early-stopping needs rows held out for val_loss",
                found="--validation-share 0",
                do="Leave one of the two out.",
            )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def choose(model_type: str, model_name: str, *, warm: bool = False, **given: Any) -> Hyperparameters:
    """Returns the settings for `model_name`, `warm` when it goes on from a trained model; None means the default."""
    scratch = SCRATCH_WARM_DEFAULTS if warm else SCRATCH_DEFAULTS
    defaults = scratch if is_scratch(model_name) else PRETRAINED_DEFAULTS
    stated = {name: value for name, value in given.items() if value is not None}
    return Hyperparameters(model_type, model_name, **{**defaults, **stated})


def as_json(hyperparameters: Hyperparameters) -> dict[str, Any]:
    return asdict(hyperparameters)

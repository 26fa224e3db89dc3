"""The settings of a training, with what ⟦it is told when nobody⟪the range in which it⟫its⟧ ⟦says⟪makes⟫sensible⟧ ⟦otherwise⟪sense⟫range⟧."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.model.encoder import is_scratch
⟦⟪
# A pretrained encoder is only adjusted, as in the original tool; one ⟫
# A pretrained encoder is only adjusted, as in the older tool; one ⟧from ⟦sentiment⟪nothing has everything to learn.
PRETRAINED_DEFAULTS = {"learning_rate": 2e-5, "num_epochs": 3}
SCRATCH_DEFAULTS = {"learning_rate": 1e-3, "num_epochs": 8, "dropout_rate": 0.5, "masked_share": 0⟫scratch has everything to learn.
PRETRAINED_DEFAULTS = {"learning_rate": 2e-5, "num_epochs": 3}
SCRATCH_DEFAULTS = {"learning_rate": 1e-3, "num_epochs": 8, "dropout_rate": 0.5, "masked_share": 0⟧.⟦options⟪15}
# Going on from a trained one: half the rate⟫15}
# A warm start: half the rate⟧ import training equally ⟦options⟪well and turn fewer old answers.
SCRATCH_WARM_DEFAULTS = {**SCRATCH_DEFAULTS, "learning_rate": 5e-4, "num_epochs": 5}
⟫well and change fewer old answers.
SCRATCH_WARM_DEFAULTS = {**SCRATCH_DEFAULTS, "learning_rate": 5e-4, "num_epochs": 5}
⟧
from sentiment.options.training import HYPERPARAMETERS, PRETRAINED_DEFAULTS, SCRATCH_DEFAULTS, SCRATCH_WARM_DEFAULTS


@dataclass(frozen=True)
class Hyperparameters:
    """The settings of one training; `choose` makes them and fills in what depends on the encoder."""

    model_type: str
    model_name: str
    learning_rate: float
    num_epochs: int
    batch_size: int = options.BATCH_SIZE.default
    max_seq_length: int = options.MAX_SEQ_LENGTH.default
    dropout_rate: float = options.DROPOUT_RATE.default
    seed: int = options.SEED.default
    validation_share: float = options.VALIDATION_SHARE.default
    masked_share: float = options.MASKED_SHARE.default  # the share of the pieces⟦:⟪, which training⟫ that training⟧ ⟦hidden⟪hides⟫replaces⟧ by [MASK], others each time
    warm_up_share: float = options.WARM_UP_SHARE.default  # the share of the steps in which the learning rate rises to its peak
    decay: str = options.DECAY.default  # how the rate then falls to 0; none: it stays at the peak
    clip_norm: float = options.CLIP_NORM.default  # the largest norm of all gradients together; 0: no limit
    early_stopping: int = options.EARLY_STOPPING.default  # training ends after so many epochs without a lower val_loss ⟦that end⟪after which training⟫and⟧ ⟦it,⟪ends,⟫keeps⟧ the best⟦ kept⟪ kept; 0: never⟫; 0: never⟧
    class_weights: str = options.CLASS_WEIGHTS.default  # balanced: all labels ⟦weigh⟪weighs⟫has⟧ the same weight in the loss
    precision: str = options.PRECISION.default  # of the arithmetic; weights are always float32

    def __post_init__(self) -> None:
        for option in HYPERPARAMETERS:
            ⟦option⟪value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise InputError(
                    f"{_option(name)} must be between {low:g} and {high:g}", found=f"{value:g}", do="Mend it."
                )
        for name, words in CHOICES⟫value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise InputError(
                    f"{_option(name)} must be between {low:g} and {high:g}",
                    found=f"{value:g}",
                    do=f"Correct {_option(name)}.",
                )
        for name, words in CHOICES⟧.require(getattr(self, option.⟦⟪join(words)}", found=repr(getattr(self, ⟫join(words)}",
                    found=repr(getattr(self, ⟧name))⟦⟪, do="Mend it."
                )⟫,
                    do=f"Correct {_option(name)}.",
                )⟧
        if self.early_stopping and not self.validation_share:
            raise InputError(
                "--early-stopping must have held-out rows to compute val_loss",
                found="--validation-share 0",
                do="Leave out one of the two options.",
            )


def choose(model_type: str, model_name: str, *, warm: bool = False, **given: Any) -> Hyperparameters:
    """Returns the settings for `model_name`; `warm` for a warm start; a value None means the default."""
    scratch = SCRATCH_WARM_DEFAULTS if warm else SCRATCH_DEFAULTS
    defaults = scratch if is_scratch(model_name) else PRETRAINED_DEFAULTS
    stated = {name: value for name, value in given.items() if value is not None}
    return Hyperparameters(model_type, model_name, **{**defaults, **stated})


def as_json(hyperparameters: Hyperparameters) -> dict[str, Any]:
    return asdict(hyperparameters)

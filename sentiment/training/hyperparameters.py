"""What a training run can be told, with what it is told when nobody says otherwise."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.model.checkpoint import is_own
from sentiment.model.encoder import is_scratch
from sentiment.model.model_type import TF_HUB
from sentiment.model.pinned import name_of
from sentiment.options import training as options
from sentiment.options.training import (
    HYPERPARAMETERS,
    OWN_DEFAULTS,
    PRETRAINED_DEFAULTS,
    SCRATCH_DEFAULTS,
    SCRATCH_WARM_DEFAULTS,
)


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
    masked_share: float = options.MASKED_SHARE.default  # of the pieces: hidden behind [MASK], others each time
    warm_up_share: float = options.WARM_UP_SHARE.default  # the share of the steps in which the rate rises to its peak
    decay: str = options.DECAY.default  # how the rate then falls to 0; none: it stays at the peak
    clip_norm: float = options.CLIP_NORM.default  # the largest norm of all gradients together; 0: no limit
    early_stopping: int = options.EARLY_STOPPING.default  # epochs without a lower val_loss that end it, the best kept
    class_weights: str = options.CLASS_WEIGHTS.default  # balanced: all labels weigh the same in the loss
    precision: str = options.PRECISION.default  # of the arithmetic; weights are always float32

    def __post_init__(self) -> None:
        for option in HYPERPARAMETERS:
            option.require(getattr(self, option.name))
        if self.early_stopping and not self.validation_share:
            raise InputError(
                "--early-stopping must have held-out rows to compute val_loss",
                found="--validation-share 0",
                do="Leave out one of the two options.",
            )

    @property
    def strangers_encoder(self) -> str:
        """The name of the encoder, if it is a program that somebody else wrote; otherwise an empty text."""
        return self.model_name if self.model_type == TF_HUB else ""


def choose(model_type: str, model_name: str, *, warm: bool = False, **given: Any) -> Hyperparameters:
    """Returns the settings for `model_name`; `warm` for a warm start; a value None means the default."""
    defaults = _defaults(name_of(model_name), warm=warm)
    stated = {name: value for name, value in given.items() if value is not None}
    return Hyperparameters(model_type, model_name, **{**defaults, **stated})


def _defaults(name: str, *, warm: bool) -> dict[str, float]:
    if is_scratch(name):
        return SCRATCH_WARM_DEFAULTS if warm else SCRATCH_DEFAULTS
    return OWN_DEFAULTS if is_own(name) else PRETRAINED_DEFAULTS


def as_json(hyperparameters: Hyperparameters) -> dict[str, Any]:
    return asdict(hyperparameters)

"""The kinds of classifier, by their names in `--model-type`. This module does not need TensorFlow."""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.options.training import MODEL_TYPES
from sentiment.settings.encoders import BERT_BASE, TF_HUB_BERT

CUSTOM, ORIGIN, TF_HUB = MODEL_TYPES

# Each with the encoder that the older tool used by default.
DEFAULT_ENCODERS = {
    CUSTOM: BERT_BASE,
    ORIGIN: BERT_BASE,
    TF_HUB: TF_HUB_BERT,
}


def require_known_type(model_type: str) -> str:
    if model_type not in MODEL_TYPES:
        raise InputError(
            f"the model type must be one of {', '.join(MODEL_TYPES)}",
            found=repr(model_type),
            do="Correct --model-type.",
        )
    return model_type

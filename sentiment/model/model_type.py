"""The kinds of classifier, by the names that `--model-type` takes. TensorFlow is not needed to know them."""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.options.training import MODEL_TYPES

CUSTOM, ORIGIN, TF_HUB = MODEL_TYPES

# Each with the encoder that the older tool took for it when none was named.
DEFAULT_ENCODERS = {
    CUSTOM: "bert-base-chinese",
    ORIGIN: "bert-base-chinese",
    TF_HUB: "https://tfhub.dev/tensorflow/bert_zh_L-12_H-768_A-12/3",
}


def require_known_type(model_type: str) -> str:
    if model_type not in MODEL_TYPES:
        raise InputError(
            f"the model type must be one of {', '.join(MODEL_TYPES)}", found=repr(model_type), do="Mend it."
        )
    return model_type

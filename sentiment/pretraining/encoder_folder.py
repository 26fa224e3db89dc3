"""Writes an encoder as Hugging Face's tools read it, with PyTorch's names for its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment import atomic, seal
from sentiment.model import checkpoint, vocabulary
from sentiment.results import record
from sentiment.results.pretraining import Pretraining

CARD = checkpoint.CARD
WEIGHTS = checkpoint.WEIGHTS[0]
KINDS: dict[str, type[np.floating[Any]]] = {"float32": np.float32, "float16": np.float16}
TOKENIZER = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "tokenize_chinese_chars": True,
}


def write_encoder(
    folder: Path, model: Any, settings: dict[str, Any], pieces: list[str], card: Pretraining, kind: str
) -> None:
    """Writes the files into the folder. `kind` is the type of the weights, a key of KINDS."""
    config = {
        **settings,
        "architectures": ["BertForMaskedLM"],
        "pooling": "mean",
        "torch_dtype": kind,
        "pad_token_id": 0,
    }
    atomic.write_json(folder / checkpoint.CONFIG, config)
    atomic.write_json(
        folder / checkpoint.TOKENIZER, {**TOKENIZER, "model_max_length": settings["max_position_embeddings"]}
    )
    vocabulary.write(folder / checkpoint.VOCABULARY, pieces)
    write_weights(folder / WEIGHTS, weights_of(model, KINDS[kind]))
    atomic.write_json(folder / CARD, seal.sealed(record.as_json(card)))


def write_weights(path: Path, weights: dict[str, NDArray[Any]]) -> None:
    """Writes a safetensors file. Raises: OSError when it cannot; the library's own writer has an error of its own."""
    from safetensors.numpy import save

    path.write_bytes(save(weights, {"format": "pt"}))


def weights_of(model: Any, kind: type[np.floating[Any]]) -> dict[str, NDArray[Any]]:
    """Returns the weights by PyTorch's names, in PyTorch's layout: matrices of dense layers are turned."""
    from transformers.modeling_tf_pytorch_utils import convert_tf_weight_name_to_pt_weight_name

    found = {}
    for weight in model.weights:
        name, turn = convert_tf_weight_name_to_pt_weight_name(weight.name, tf_weight_shape=weight.shape)
        value = weight.numpy()
        found[name] = np.ascontiguousarray(value.T if turn.value == "simple" else value).astype(kind)
    return found

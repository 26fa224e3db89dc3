"""What a classifier starts from: nothing (`scratch/…`), a checkpoint of transformers, or a TF-Hub encoder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.lean import importing
from sentiment.model import checkpoint, encoder_limits, vocabulary
from sentiment.options.training import LONGEST_SEQUENCE

# As in tensorflow_setup; transformers reads them when it is imported, which may happen here, before TensorFlow.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("USE_TORCH", "0")

Architecture = dict[str, Any]

# layers, width, heads; the feed-forward width is four times the width, as in BERT.
SCRATCH = {"scratch/tiny": (2, 128, 2), "scratch/mini": (4, 256, 4)}
NOT_ARCHITECTURE = ("_name_or_path", "architectures", "id2label", "label2id", "problem_type", "torch_dtype")
# Nothing here needs them, and transformers would act on them: a million labels, heads cut off, code of the publisher.
NOT_READ = (
    *NOT_ARCHITECTURE,
    *("auto_map", "num_labels", "pruned_heads", "quantization_config", "task_specific_params"),
)


@dataclass(frozen=True)
class Source:
    """An encoder to start training from. `pretrained` is its file of weights (for TF-Hub, a SavedModel's folder)."""

    architecture: Architecture
    pieces: list[str]
    lower_case: bool
    pretrained: Path | None


def is_scratch(name: str) -> bool:
    return name.startswith("scratch/")


def scratch(name: str, pieces: list[str]) -> Source:
    """Returns a randomly initialised BERT over `pieces`, which pools by the mean.

    A [CLS] vector becomes a summary only by pretraining: from scratch, on a few hundred posts, the mean of the token
    vectors learns more. ReLU without inner dropout takes a fifth less time and costs no accuracy (measured on 650
    posts); dropout before the last layer and masked input keep such a model from memorizing its posts.
    """
    require_scratch_name(name)
    layers, width, heads = SCRATCH[name]
    architecture = {
        "model_type": "bert",
        "vocab_size": len(pieces),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "max_position_embeddings": LONGEST_SEQUENCE,
        "hidden_act": "relu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pooling": "mean",
    }
    return Source(architecture, pieces, lower_case=True, pretrained=None)


def require_scratch_name(name: str) -> None:
    if name not in SCRATCH:
        raise InputError(
            f"a from-scratch encoder must be one of {', '.join(SCRATCH)}", found=repr(name), do="Correct --model-name."
        )


def pretrained(name: str, vocabulary_file: Path | None) -> Source:
    """Returns the encoder in the folder or hub repository `name`. Raises: InputError if incomplete or unsuitable."""
    files = checkpoint.locate(name)
    read = _architecture(name, files.config)
    # Masked words alone make no summary of the first vector: an encoder that knows nothing else says so.
    architecture = {**read, "pooling": "mean" if read.get("pooling") == "mean" else "cls"}
    pieces_file = vocabulary_file or files.vocabulary
    if pieces_file is None:
        raise InputError(
            f"the encoder {name!r} must bring its word pieces in {checkpoint.VOCABULARY}",
            found="none in it",
            do="Name a BERT encoder, or give its pieces with --vocab.",
        )
    pieces = vocabulary.read(pieces_file)
    if len(pieces) > architecture["vocab_size"]:
        raise InputError(
            f"the vocabulary of {name} must fit its {architecture['vocab_size']} embeddings",
            found=f"{len(pieces)} pieces in {pieces_file}",
            do=f"Give its own {checkpoint.VOCABULARY} with --vocab.",
        )
    return Source(architecture, pieces, files.lower_case, files.weights)


def _architecture(name: str, config_file: Path) -> Architecture:
    """Returns a checkpoint's settings, with defaults. Raises: InputError unless they describe a BERT-like encoder."""
    with importing("transformers"):
        from transformers import AutoConfig

    read = checkpoint.read_json(config_file)
    model_type = read.pop("model_type", None)
    settings = {name: value for name, value in read.items() if name not in NOT_READ}
    encoder_limits.require_text_encoder(model_type, config_file)
    try:
        encoder_limits.require_plain(settings, AutoConfig.for_model(model_type).to_dict(), config_file)
        config = AutoConfig.for_model(model_type, **settings).to_dict()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{config_file} must describe an architecture that transformers knows",
            found=f"model_type {model_type!r} ({' '.join(str(error).split())[:100]})",
            do="Name a BERT or ALBERT encoder.",
        ) from None
    segments, pieces = config.get("type_vocab_size"), config.get("vocab_size")
    if not (isinstance(segments, int) and segments >= 2 and isinstance(pieces, int)) or config.get("is_decoder"):
        raise InputError(
            f"the encoder {name!r} must be like BERT: word pieces, two segments, attention in both directions",
            found=f"a {model_type!r} with type_vocab_size {segments}",
            do="Name a BERT or ALBERT encoder.",
        )
    return {key: value for key, value in config.items() if key not in NOT_ARCHITECTURE}


def require_room(architecture: Architecture, name: str, max_seq_length: int) -> None:
    """Raises: InputError when the encoder has fewer positions than `max_seq_length`."""
    positions = architecture.get("max_position_embeddings")
    if positions is not None and max_seq_length > positions:
        raise InputError(
            f"--max-seq-length must be at most the {positions} positions of {name}",
            found=str(max_seq_length),
            do="Lower --max-seq-length.",
        )

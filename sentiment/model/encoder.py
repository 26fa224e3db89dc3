"""Where an encoder comes from: a name that means `train from nothing`, a local folder, or a model hub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.model import vocabulary

Architecture = dict[str, Any]

# layers, width, heads; the feed-forward width is four times the width, as in BERT.
SCRATCH = {"scratch/tiny": (2, 128, 2), "scratch/mini": (4, 256, 4)}
LONGEST_SEQUENCE = 512


@dataclass(frozen=True)
class Source:
    """An encoder that training can start from. `pretrained` is what `from_pretrained` loads, None for scratch."""

    architecture: Architecture
    pieces: list[str]
    lower_case: bool
    pretrained: str | None


def is_scratch(name: str) -> bool:
    return name.startswith("scratch/")


def scratch(name: str, pieces: list[str]) -> Source:
    """Returns a randomly initialised BERT over `pieces`. It pools by the mean.

    A [CLS] vector only becomes a summary by pretraining: from nothing, on a few hundred posts, the mean of the token
    vectors learns more. ReLU and no dropout inside cost a fifth less time and no accuracy (seen, 650 posts); what holds
    such a model back from learning by heart is the dropout before the last layer, and masked input.
    """
    if name not in SCRATCH:
        raise InputError(
            f"a from-scratch encoder must be one of {', '.join(SCRATCH)}", found=repr(name), do="Mend --model-name."
        )
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


def pretrained(name: str, vocabulary_file: Path | None) -> Source:
    """Returns the encoder in the folder or hub repository `name`; one InputError for all that can be missing."""
    from transformers import AutoConfig

    try:
        architecture = AutoConfig.from_pretrained(name).to_dict()
        pieces_file = vocabulary_file or _file_of(name, "vocab.txt")
    except (OSError, ValueError) as error:
        raise not_found(name, error) from None
    architecture.setdefault("pooling", "cls")
    pieces = vocabulary.read(pieces_file)
    if len(pieces) > architecture["vocab_size"]:
        raise InputError(
            f"the vocabulary of {name} must fit its {architecture['vocab_size']} embeddings",
            found=f"{len(pieces)} pieces in {pieces_file}",
            do="Name its own vocab.txt.",
        )
    return Source(architecture, pieces, lower_case=_lower_case(name), pretrained=name)


def not_found(name: str, error: Exception) -> InputError:
    """Says where weights are looked for, and how to bring them to a machine without a model hub."""
    reason = " ".join(str(error).split())[:300]
    return InputError(
        f"the encoder {name!r} must be a local folder with config.json, vocab.txt and tf_model.h5 or model.safetensors,"
        " or a name in the model hub's cache (HF_HOME) or on the hub",
        found=reason,
        do=f"Copy the folder here and name it, set HF_HOME to a cache that holds it, or train from nothing with "
        f"--model-name {next(iter(SCRATCH))}.",
    )


def _file_of(name: str, file: str) -> Path:
    from transformers.utils import cached_file

    found = cached_file(name, file)
    if found is None:
        raise OSError(f"{name} has no {file}")
    return Path(found)


def _lower_case(name: str) -> bool:
    """BERT lower-cases unless its tokenizer's settings say otherwise."""
    try:
        settings = json.loads(_file_of(name, "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return bool(settings.get("do_lower_case", True))

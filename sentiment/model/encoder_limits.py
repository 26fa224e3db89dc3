"""What a config.json may say of an encoder, and how many weights it implies: judged before any of it is built.

transformers builds whatever the file says, layer for layer, for hours or until the memory is full. So counts and sizes
have limits far above those of any encoder that fits one machine, and the weights that they imply must have room in the
file that is said to hold them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sentiment import disk
from sentiment.errors import InputError

# By a part of the setting's name. BERT-large: 24 layers, 16 heads, a width of 4,096.
LARGEST = {**dict.fromkeys(("layer", "block", "group", "network"), 128), "head": 256}
LARGEST["kernel"] = 64  # of convbert: it is as wide as its heads and times its width, and counted nowhere
LARGEST |= dict.fromkeys(("size", "dim", "position", "width"), 65_536)
VOCABULARY = "vocab_size"
LARGEST_OTHER = 1_000_000
WIDTHS = ("size", "dim")
AXES = 4  # along which layoutlm looks a place on the page up: left, top, height and width
# Encoders of text like BERT, whether or not they have the pooled output that is needed, too.
TYPES = frozenset(
    {"albert", "bert", "convbert", "electra", "layoutlm", "megatron-bert", "mobilebert", "roberta", "roformer"}
)
LONGEST_TEXT, MOST_VALUES, DEEPEST = 200, 100, 3
OTHER_NAMES = "attribute_map"  # transformers keeps a setting that it names under another name, where nobody looks


def require_text_encoder(model_type: object, file: Path, do: str = "Name a BERT or ALBERT encoder.") -> None:
    """Raises: InputError unless the type is one whose sizes are judged here; transformers builds others, too."""
    if not isinstance(model_type, str) or model_type not in TYPES:
        raise InputError(
            f"the model_type in {file} must be one of {', '.join(sorted(TYPES))}",
            found=f"{model_type!a:.40}",
            do=do,
        )


def require_plain(settings: Mapping[str, Any], usual: Mapping[str, Any], file: Path) -> None:
    """Raises: InputError unless every setting is of its kind and within its limits.

    `usual` are the settings of an encoder of the same type: where it has a number, there must be one.
    """
    for name, value in settings.items():
        if odd := _oddity(name, value, usual.get(name)):
            raise InputError(
                f"the settings of an encoder must be those of one that fits a machine: {odd}",
                found=f"{name[:40]!a}: {_shown(value)} in {file}",
                do="Do not use it. Fetch it again from its publisher, or name another encoder.",
            )


def _oddity(name: str, value: Any, usual: Any) -> str:
    """Returns what must hold of a setting and does not; an empty text if all is well."""
    if name == OTHER_NAMES:
        return "none may stand for another"
    if value is not None and type(usual) in (int, float, bool, str) and not _is_like(value, usual):
        return f"this one must be like {usual!r:.40}"
    leaves = list(_leaves(value, DEEPEST))
    if len(leaves) > MOST_VALUES or any(isinstance(leaf, dict | list) for leaf in leaves):
        return f"a list or a table must have at most {MOST_VALUES} values, and none deeper than {DEEPEST}"
    if any(len(leaf) > LONGEST_TEXT for leaf in leaves if isinstance(leaf, str)):
        return f"a text must have at most {LONGEST_TEXT} characters"
    low, high = _limits(name, usual)
    if any(not low <= leaf <= high for leaf in leaves if isinstance(leaf, int | float)):
        return f"this number must be from {low:,} to {high:,}"
    return ""


def _is_like(value: Any, usual: Any) -> bool:
    """Tells whether a value is of the kind of the usual one; a tick is no number, and a usual 0 may stand for 0.0."""
    if isinstance(usual, float) or (usual == 0 and type(usual) is int):
        return type(value) in (int, float)
    return type(value) is type(usual)


def _limits(name: str, usual: Any) -> tuple[int, int]:
    """Returns the least and the greatest number that a setting may have; those of tokens and the like begin at -1."""
    if name == VOCABULARY:
        return 1, LARGEST_OTHER
    high = next((most for part, most in LARGEST.items() if part in name), LARGEST_OTHER)
    if high < LARGEST_OTHER and not isinstance(usual, float):
        return int(bool(usual)), high
    return 0 if isinstance(usual, float) else -1, high


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    """Yields the plain values in a value, and a list or a table as it is where it lies too deep."""
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list) or depth == 0:
        yield value
        return
    for part in inner[: MOST_VALUES + 1]:
        yield from _leaves(part, depth - 1)


def weights_at_least(settings: Mapping[str, Any]) -> int:
    """Returns about how many weights an encoder of these settings has, rather fewer than more."""
    width = _count(settings, "hidden_size")
    rows = sum(_count(settings, name) for name in (VOCABULARY, "max_position_embeddings", "type_vocab_size"))
    embeddings = rows * (_count(settings, "embedding_size") or width)
    embeddings += AXES * _count(settings, "max_2d_position_embeddings") * width  # of layoutlm
    return max(embeddings + _weights_of_layers(settings, width), _largest_product(settings))


def _weights_of_layers(settings: Mapping[str, Any], width: int) -> int:
    layers, inner = _count(settings, "num_hidden_layers"), _count(settings, "intermediate_size")
    if settings.get("model_type") == "albert":  # its layers share their weights
        layers = _count(settings, "num_hidden_groups") * _count(settings, "inner_group_num")
    if settings.get("model_type") != "mobilebert":
        return layers * (4 * width * width + 2 * width * inner)
    narrow = _count(settings, "intra_bottleneck_size") if settings.get("use_bottleneck", True) else width
    networks = _count(settings, "num_feedforward_networks")
    return layers * (4 * narrow * narrow + 2 * width * narrow + networks * 2 * narrow * inner)


def _largest_product(settings: Mapping[str, Any]) -> int:
    """Returns the product of the two largest widths: they meet in a matrix of any encoder."""
    widths = [_count(settings, name) for name in settings if name != VOCABULARY and any(w in name for w in WIDTHS)]
    return math.prod(sorted(widths)[-2:]) if len(widths) > 1 else 0


def _count(settings: Mapping[str, Any], name: str) -> int:
    found = settings.get(name)
    return found if isinstance(found, int) else 0


def lack_of_room(settings: Mapping[str, Any], weights: Path) -> str:
    """Returns that a file is too small for the weights of these settings, or has holes; "" if it may hold them.

    A weight takes a byte at least; encoders are kept with two or four.
    """
    if disk.is_sparse(weights):
        return "parts that were never written (a sparse file)"
    wanted, size = weights_at_least(settings), weights.stat().st_size
    return f"{size:,} bytes, too few for the {wanted:,} weights of its settings" if wanted > size else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{len(value):,} values"
    return f"{value!r:.60}"

"""A BERT encoder of TF-Hub: a callable SavedModel that contains its vocabulary.

It maps a dict of int32 [B, L] `input_word_ids`, `input_mask`, `input_type_ids` to a dict with float32 [B, width]
`pooled_output`; `bert_zh_L-12_H-768_A-12` has this interface from version 3 on.
Source: `official/nlp/tools/export_tfhub_lib.py` of the TensorFlow Model Garden.
"""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from sentiment.errors import InputError
from sentiment.model import vocabulary
from sentiment.model.encoder import Architecture, Source
from sentiment.model.model_type import DEFAULT_ENCODERS, TF_HUB

SAVED_MODEL = "saved_model.pb"
PARTS = (SAVED_MODEL, "keras_metadata.pb", "fingerprint.pb", "variables", "assets")
INPUTS = ("input_word_ids", "input_mask", "input_type_ids")
OUTPUT = "pooled_output"
SECONDS_OF_SILENCE = 20.0


def source(name: str, vocabulary_file: Path | None) -> Source:
    """Returns the encoder at the address or in the folder `name`, with its pieces.

    Raises: InputError when it cannot be fetched, is not such an encoder, or has no vocabulary.
    """
    folder = resolve(name)
    loaded = load(folder)
    pieces_file = vocabulary_file or _vocabulary_of(loaded, folder)
    if pieces_file is None:
        raise InputError(
            f"the encoder {name} must bring its word pieces in assets/vocab.txt",
            found="none in it",
            do="Give them with --vocab.",
        )
    lower_case = bool(loaded.do_lower_case.numpy()) if hasattr(loaded, "do_lower_case") else True
    return Source(_architecture(loaded), vocabulary.read(pieces_file), lower_case, folder)


def resolve(name: str) -> Path:
    """Returns the SavedModel's folder; an address is fetched once, into TFHUB_CACHE_DIR. Raises: InputError if not."""
    require_nameable(name)
    if not _is_address(name):
        return Path(name).expanduser()
    try:
        with _patience(SECONDS_OF_SILENCE):
            return Path(_tensorflow_hub().resolve(name))
    except (OSError, ValueError, RuntimeError) as error:
        raise _not_found(name, error) from None


def require_nameable(name: str) -> None:
    """Raises: InputError unless `name` is an address or the folder of a SavedModel."""
    file = Path(name).expanduser() / SAVED_MODEL
    if not _is_address(name) and not file.is_file():
        raise _not_found(name, f"no {file}")


def _is_address(name: str) -> bool:
    return name.startswith(("https://", "http://"))


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Limits how long a connection opened here may be silent: tensorflow-hub itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _tensorflow_hub() -> Any:
    """Imports tensorflow-hub; 0.16.1 needs one function of `pkg_resources`, which setuptools no longer ships."""
    if "pkg_resources" not in sys.modules and find_spec("pkg_resources") is None:
        from packaging.version import parse

        stand_in = ModuleType("pkg_resources")
        stand_in.parse_version = parse  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stand_in
    import sentiment.tensorflow_setup  # noqa: F401 - sets Keras 2 before tensorflow-hub looks
    import tensorflow_hub  # isort: skip

    return tensorflow_hub


def _not_found(name: str, reason: object) -> InputError:
    return InputError(
        f"the encoder of a {TF_HUB} model must be a local SavedModel folder, or an address such as "
        f"{DEFAULT_ENCODERS[TF_HUB]} that can be reached or is in the cache (TFHUB_CACHE_DIR)",
        found=f"{name!r}: {' '.join(str(reason).split())[:300]}",
        do="Unpack the encoder here and name its folder, or set TFHUB_CACHE_DIR to a cache that holds it.",
    )


def load(folder: Path) -> Any:
    """Loads a SavedModel. Raises: InputError when it is damaged, or cannot be called or trained."""
    from sentiment.tensorflow_setup import tf

    try:
        loaded = tf.saved_model.load(str(folder))
    except tf.errors.ResourceExhaustedError:
        raise
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise InputError(
            "an encoder's SavedModel must be whole",
            found=f"{folder}: {' '.join(str(error).split())[:200]}",
            do="Fetch or copy it again.",
        ) from None
    if not callable(loaded) or not list(getattr(loaded, "trainable_variables", [])):
        raise InputError(
            "an encoder's SavedModel must be callable and trainable (TF2, with `trainable_variables`)",
            found=f"another kind in {folder}",
            do="Name version 3 or later of a TF-Hub BERT encoder.",
        )
    return loaded


def _vocabulary_of(loaded: Any, folder: Path) -> Path | None:
    named = getattr(loaded, "vocab_file", None)
    candidates = [Path(named.asset_path.numpy().decode())] if named is not None else []
    return next((file for file in (*candidates, folder / "assets" / "vocab.txt") if file.is_file()), None)


def _architecture(loaded: Any) -> Architecture:
    """Returns what the encoder's variables say about it: its number of positions."""
    positions = [variable.shape[0] for variable in loaded.variables if "position_embedding" in variable.name]
    return {"model_type": TF_HUB, **({"max_position_embeddings": positions[0]} if positions else {})}


def pooled(folder: Path, inputs: dict[str, Any]) -> Any:
    """Returns the trainable pooled output of the SavedModel in `folder`. Raises: InputError on another interface."""
    layer = _tensorflow_hub().KerasLayer(load(folder), trainable=True, name="encoder")
    ids = (inputs["input_ids"], inputs["input_mask"], inputs["segment_ids"])
    try:
        return layer(dict(zip(INPUTS, ids, strict=True)))[OUTPUT]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"an encoder's SavedModel must take a dict of {', '.join(INPUTS)} and return one with {OUTPUT}",
            found=f"{folder}: {' '.join(str(error).split())[:120]}",
            do="Name version 3 or later of a TF-Hub BERT encoder.",
        ) from None


def require_fit(model: Any, name: str, pieces: int, max_seq_length: int) -> None:
    """Raises: InputError unless `model` accepts a full row of the last piece; on a CPU, as a GPU would read zeros."""
    from sentiment.tensorflow_setup import tf

    ids = tf.fill((1, max_seq_length), pieces - 1)
    inputs = {"input_ids": ids, "input_mask": tf.ones_like(ids), "segment_ids": tf.zeros_like(ids)}
    try:
        with tf.device("/CPU:0"):
            model(inputs, training=False)
    except (tf.errors.InvalidArgumentError, ValueError):
        raise InputError(
            f"the encoder {name} must have an embedding for each of the {pieces} pieces and {max_seq_length} positions",
            found="an encoder that fails on a row of that length with the last piece",
            do="Lower --max-seq-length, or name the encoder's own vocabulary.",
        ) from None


def copy(folder: Path, target: Path) -> None:
    """Copies a SavedModel and nothing else that is in its folder."""
    target.mkdir()
    for part in PARTS:
        if (folder / part).is_dir():
            shutil.copytree(folder / part, target / part)
        elif (folder / part).is_file():
            shutil.copyfile(folder / part, target / part)

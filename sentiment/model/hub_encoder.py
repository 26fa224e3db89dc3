"""A BERT encoder of TF-Hub: a callable SavedModel that contains its vocabulary.

It maps a dict of int32 [B, L] `input_word_ids`, `input_mask`, `input_type_ids` to a dict with float32 [B, width]
`pooled_output`; `bert_zh_L-12_H-768_A-12` has this interface from version 3 on.
Source: `official/nlp/tools/export_tfhub_lib.py` of the TensorFlow Model Garden.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.model import graph_shapes, saved_model, saved_model_files, vocabulary
from sentiment.model.encoder import Architecture, Source
from sentiment.model.hub_address import resolve, tensorflow_hub
from sentiment.model.model_type import TF_HUB
from sentiment.text.harmless import visible

INPUTS = ("input_word_ids", "input_mask", "input_type_ids")
OUTPUT = "pooled_output"
TAKES = f"an encoder's SavedModel must take a dict of {', '.join(INPUTS)} and return one with {OUTPUT}"
OF_TF_HUB = "Name version 3 or later of a TF-Hub BERT encoder."
WHOLE, FETCH_AGAIN = "an encoder's SavedModel must be whole", "Fetch or copy it again."


def source(name: str, vocabulary_file: Path | None) -> Source:
    """Returns the encoder at the address or in the folder `name`, with its pieces.

    Raises: InputError when it cannot be fetched, is not such an encoder, or has no vocabulary.
    """
    folder = resolve(name)
    loaded = load(folder)
    with _whole(folder):
        has_tables = uses_tables(loaded)
    if has_tables:
        raise InputError(
            "an encoder must compute without tables, for an export keeps its variables alone",
            found=f"one whose call looks up a table in {folder}",
            do="Name an encoder that takes token ids; a table belongs to what makes them of a text.",
        )
    with _whole(folder):
        pieces_file = vocabulary_file or _vocabulary_of(loaded, folder)
        lower_case = bool(loaded.do_lower_case.numpy()) if hasattr(loaded, "do_lower_case") else True
        architecture = _architecture(loaded)
    if pieces_file is None:
        raise InputError(
            f"the encoder {name} must bring its word pieces in assets/vocab.txt",
            found="none in it",
            do="Give them with --vocab.",
        )
    return Source(architecture, vocabulary.read(pieces_file), lower_case, folder)


def load(folder: Path) -> Any:
    """Loads a SavedModel. Raises: InputError when it is damaged, may do harm, or cannot be called or trained."""
    saved_model.require_harmless(folder)
    from sentiment.tensorflow_setup import tf

    with _whole(folder):
        loaded = tf.saved_model.load(str(folder))
        # An object in the place of the function would say of itself what is asked of it below.
        is_called = callable(loaded) and isinstance(loaded.__call__, tf.types.experimental.PolymorphicFunction)
        is_encoder = is_called and bool(list(getattr(loaded, "trainable_variables", [])))
    if not is_encoder:
        raise InputError(
            "an encoder's SavedModel must be callable and trainable (TF2, with `trainable_variables`)",
            found=f"another kind in {folder}",
            do=OF_TF_HUB,
        )
    _require_sound(loaded, folder)
    return loaded


def _require_sound(loaded: Any, folder: Path) -> None:
    """Raises: InputError when a loaded encoder has a variable of no numbers, or a tensor that cannot be counted."""
    with _whole(folder):
        kinds = {variable.dtype for variable in (*getattr(loaded, "variables", ()), *loaded.trainable_variables)}
        huge = next(graph_shapes.uncountable(getattr(loaded.__call__, "concrete_functions", ())), "")
    if others := sorted(kind.name for kind in kinds if not _is_number(kind)):
        raise InputError(
            "an encoder's variables must be numbers", found=f"{', '.join(others)} in {folder}", do=FETCH_AGAIN
        )
    if huge:
        raise InputError(
            "the tensors of an encoder must have fewer than 2**63 elements",
            found=f"the shape of a {visible(huge, 50)} in {folder}, at which TensorFlow would crash",
            do="Do not use it. Fetch it again from its publisher, or name another one.",
        )


def _is_number(kind: Any) -> bool:
    """Tells whether a type is one whose values can be trained, counted and kept: a text or a handle cannot."""
    return bool(kind.is_floating or kind.is_integer or kind.is_complex or kind.is_bool)


def uses_tables(loaded: Any) -> bool:
    """Tells whether a call of a loaded encoder uses a table or another resource that is no variable."""
    from tensorflow.python.trackable.resource import CapturableResource

    functions = getattr(loaded.__call__, "concrete_functions", [])
    captured = [tensor for function in functions for tensor in function.captured_inputs]
    owners = [getattr(tensor, "_parent_trackable", None) for tensor in captured]
    return any(isinstance(owner(), CapturableResource) for owner in owners if owner is not None)


@contextmanager
def _whole(folder: Path, must_hold: str = WHOLE, do: str = FETCH_AGAIN) -> Iterator[None]:
    """Raises: InputError when the parts of the SavedModel in `folder` do not go together."""
    from sentiment.tensorflow_setup import tf

    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's file may have TensorFlow raise anything
        found = f"{folder}: {visible(' '.join(str(error).split()), 200)}"
        raise InputError(must_hold, found=found, do=do) from None


def _vocabulary_of(loaded: Any, folder: Path) -> Path | None:
    """Returns the encoder's file of word pieces: the asset that it names, which is never a file elsewhere."""
    named, assets = getattr(loaded, "vocab_file", None), folder / "assets"
    candidates = [Path(named.asset_path.numpy().decode())] if named is not None else []
    inside = [file for file in candidates if file.resolve().is_relative_to(assets.resolve())]
    return next((file for file in (*inside, assets / "vocab.txt") if file.is_file()), None)


def _architecture(loaded: Any) -> Architecture:
    """Returns what the encoder's variables say about it: its number of positions."""
    positions = [variable.shape[0] for variable in loaded.variables if "position_embedding" in variable.name]
    return {"model_type": TF_HUB, **({"max_position_embeddings": positions[0]} if positions else {})}


def pooled(folder: Path, inputs: dict[str, Any]) -> Any:
    """Returns the trainable pooled output of the SavedModel in `folder`. Raises: InputError on another interface."""
    from sentiment.tensorflow_setup import keras

    loaded, hub = load(folder), tensorflow_hub()
    ids = (inputs["input_ids"], inputs["input_mask"], inputs["segment_ids"])
    with _whole(folder, TAKES, OF_TF_HUB):
        layer = hub.KerasLayer(loaded, trainable=True, name="encoder")
        found = layer(dict(zip(INPUTS, ids, strict=True)))[OUTPUT]
        kind, shape = found.dtype, found.shape
        is_plain = not (hasattr(found, "row_splits") or keras.backend.is_sparse(found))
    if not is_plain or not kind.is_floating or shape.rank != 2 or not shape[1]:
        raise InputError(
            f"the {OUTPUT} of an encoder must be a vector of floating-point numbers for each row, of a fixed length",
            found=f"{'' if is_plain else 'ragged or sparse '}{kind.name} of the shape {shape} in {folder}",
            do=OF_TF_HUB,
        )
    return found


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
    """Copies a SavedModel and nothing else that is in its folder. Raises: InputError when a file lies elsewhere."""
    target.mkdir()
    for file in saved_model_files.files(folder):
        (target / file.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / file.relative_to(folder))

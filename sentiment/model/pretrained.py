"""Loads a checkpoint's weights into a TF model of transformers, or raises an error that says what is missing.

transformers only warns when a checkpoint lacks weights. Here every weight is first set to NaN: a weight that is still
NaN afterwards was missing or broken in the file, no matter what the file's format calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sentiment.errors import InputError
from sentiment.model import encoder_limits, hdf5_file, safetensors_file, torch_file
from sentiment.step import say
from sentiment.tensorflow_setup import tf

MOST_NAMED = 3
POINTER = b"version https://git-lfs"


def load(model: Any, file: Path) -> None:
    """Loads `file` (PyTorch or TF, see `checkpoint.WEIGHTS`) into `model`, which is built.

    A pooler or a classification head that the file lacks keeps its random start. Raises: InputError when the file is
    damaged or of another architecture.
    """
    optional = {id(weight): weight.numpy() for weight in model.weights if not _is_required(model, weight)}
    for weight in model.weights:
        weight.assign(tf.fill(weight.shape, tf.constant(np.nan, weight.dtype)))
    found = _fill(model, file)
    absent = [weight for weight in model.weights if not bool(tf.reduce_all(tf.math.is_finite(weight)))]
    _require_whole(model, file, [weight for weight in absent if id(weight) not in optional], found)
    for weight in absent:
        weight.assign(optional[id(weight)])
    if any("/pooler/" in weight.name for weight in absent):
        say(f"train: {file} was trained without a pooler; that layer starts at random")
    unused = [name for name in found["unexpected_keys"] if _is_of_encoder(model, name)]
    if unused:
        say(f"train: {len(unused)} weights of {file} have no place in its config.json: {_some(unused)}")


def require_room(settings: Mapping[str, Any], file: Path) -> None:
    """Raises: InputError when `file` is too small for an encoder of these settings; ask before you build it."""
    if lack := encoder_limits.lack_of_room(settings, file):
        raise _not_whole(file, lack)


def _not_whole(file: Path, reason: object) -> InputError:
    if _is_pointer(file):
        reason = "a git-lfs pointer; the file itself was not fetched"
    return InputError(
        "the weights of an encoder must be whole",
        found=f"{file}: {' '.join(str(reason).split())[:200]}",
        do="Copy or fetch the file again.",
    )


def _is_required(model: Any, weight: Any) -> bool:
    inside = any(weight is other for other in getattr(model, model.base_model_prefix).weights)
    return inside and "/pooler/" not in weight.name


def _is_of_encoder(model: Any, name: str) -> bool:
    prefix = model.base_model_prefix
    inside = name.startswith((f"{prefix}.", f"{prefix}/", "encoder.", "embeddings."))
    return inside and "pooler" not in name and "position_ids" not in name


def _require_whole(model: Any, file: Path, absent: list[Any], found: dict[str, Any]) -> None:
    if not absent:
        return
    misfits = [
        f"{name} has the shape {tuple(there)}, not {tuple(here)}" for name, there, here in found["mismatched_keys"]
    ]
    names = [weight.name.partition("/")[2].removesuffix(":0") for weight in absent]
    count = f"{len(absent)} of {len(model.weights)} weights missing or not numbers: {_some(names)}"
    raise InputError(
        f"{file} must hold all weights of the {model.config.model_type} encoder in its config.json",
        found=_some([*misfits, count]),
        do="Copy or fetch the checkpoint again, or name one of that architecture.",
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")


def _fill(model: Any, file: Path) -> dict[str, Any]:
    """Returns transformers' account: `missing_keys`, `unexpected_keys`, `mismatched_keys`."""
    from safetensors import SafetensorError

    try:
        if file.suffix == ".bin":
            return _from_pytorch(model, TorchArchive(torch_file.read(file)))
        if file.suffix == ".safetensors":
            return _from_safetensors(model, file)
        hdf5_file.require_plain(file)
        return _from_tensorflow(model, file)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, tf.errors.InvalidArgumentError) as error:
        raise _not_whole(file, error) from None


class TorchArchive:
    """A PyTorch file with the two methods of a safetensors archive that transformers' loader calls."""

    def __init__(self, file: torch_file.TorchFile) -> None:
        self.keys = file.keys
        self._file = file

    def get_tensor(self, name: str) -> Any:
        return tf.constant(self._file.array(name))


def _from_safetensors(model: Any, file: Path) -> dict[str, Any]:
    from safetensors import safe_open

    safetensors_file.require_plain(file)
    with safe_open(str(file), framework="tf") as archive:
        written_by = (archive.metadata() or {}).get("format", "pt")
        if written_by == "pt":
            return _from_pytorch(model, archive)
    if written_by != "tf":
        raise ValueError(f"its weights are laid out for {written_by!r}, not for PyTorch or TensorFlow")
    return _from_tensorflow(model, file)


def _from_pytorch(model: Any, archive: Any) -> dict[str, Any]:
    from transformers.modeling_tf_pytorch_utils import load_pytorch_state_dict_in_tf2_model

    _, found = load_pytorch_state_dict_in_tf2_model(
        model,
        archive,
        tf_inputs=False,  # it is built
        allow_missing_keys=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        skip_logger_warnings=True,
        tf_to_pt_weight_rename=getattr(model, "tf_to_pt_weight_rename", None),
    )
    return dict(found)


def _from_tensorflow(model: Any, file: Path) -> dict[str, Any]:
    from transformers.modeling_tf_utils import load_tf_weights

    missing, unexpected, mismatched = load_tf_weights(model, str(file), ignore_mismatched_sizes=True)
    return {"missing_keys": missing, "unexpected_keys": unexpected, "mismatched_keys": mismatched}


def _is_pointer(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(len(POINTER)) == POINTER

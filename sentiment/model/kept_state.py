"""A state that TensorFlow wrote as a checkpoint, so that what was stopped can go on."""

from __future__ import annotations

from pathlib import Path


def index_of(state: Path) -> Path:
    """Returns the file of a state that has the checksums of all its tensors."""
    return state.with_name(f"{state.name}.index")


def require_readable(state: Path) -> None:
    """Raises an error unless every tensor matches its checksum: a half restored model could not start over."""
    from sentiment.tensorflow_setup import tf

    reader = tf.train.load_checkpoint(str(state))
    for name in reader.get_variable_to_shape_map():
        reader.get_tensor(name)

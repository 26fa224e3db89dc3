"""Checks that production's server can compute every operation of a graph: it links fewer than the trainer.

`tensorflow/serving:2.17.0` is TensorFlow 2.17 with the operations of TF-Text 2.12.1 (`SUPPORTED_TENSORFLOW_OPS` in its
tensorflow_serving/model_servers/BUILD, the version in tensorflow_serving/workspace.bzl); the trainer has TF-Text 2.17.
A graph with an operation that is not linked does not load: "Op type not registered", or "No OpKernel was registered".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from sentiment.language import tr
from sentiment.model import folder, piece_trie, saved_model, vocabulary
from sentiment.model.operations import MODEL_READERS, OF_PYTHON, TENSORRT, TF_TEXT
from sentiment.tensorflow_setup import tf

SERVER = "tensorflow/serving:2.17.0"


def core_operations() -> frozenset[str]:
    """Returns TensorFlow's own operations: `tf.raw_ops` holds those, and nothing that was loaded later."""
    return frozenset(name for name in dir(tf.raw_ops) if not name.startswith("_"))


def operations_of(export: Path) -> frozenset[str]:
    """Returns the operations of a SavedModel's graphs and their function libraries.

    The name of a function in the same library is not an operation. A file that is not a SavedModel has none.
    """
    return frozenset().union(*map(saved_model.operations, saved_model.meta_graphs(export)))


def unknown(used: Iterable[str], *, gpu: bool = False) -> list[str]:
    """Returns which of these operations the server does not link, in order; `gpu`: the -gpu image."""
    known = core_operations() - OF_PYTHON | TF_TEXT | (TENSORRT if gpu else frozenset())
    return sorted(set(used) - known)


def models_of(model: Path, used: Iterable[str]) -> frozenset[bytes]:
    """Returns the models that a tokenizer of these operations may have in an export of the model folder `model`.

    Raises: InputError when none can be built of its vocabulary.
    """
    if MODEL_READERS.keys().isdisjoint(used):
        return frozenset()
    return piece_trie.models(piece_trie.built(vocabulary.read(model / folder.VOCABULARY), vocabulary.UNKNOWN))


def dangers(export: Path, used: Iterable[str], models: Collection[bytes] = (), *, gpu: bool = False) -> list[str]:
    """Returns what an export could do beside computing; what the server does not link is another matter.

    Calling Python is a danger, too: a server in Python could do it. `models`: those of its tokenizer.
    """
    unlinked = {f"the operation {name}" for name in unknown(set(used) - OF_PYTHON, gpu=gpu)}
    return [danger for danger in saved_model.dangers(export, models) if danger not in unlinked]


def way_out(names: Iterable[str]) -> str:
    """Returns what to do about operations that the server does not link: an imperative sentence without its stop."""
    names = set(names)
    if names and names <= TENSORRT:
        return tr("Serve it with the image {image}, and validate it with --gpu-image", image=f"{SERVER}-gpu")
    if any("RoundRobin" in name for name in names):
        return tr("Cut pieces to length by slicing instead of a Trimmer")
    return tr("Build the tokenizer from operations of TF-Text 2.12.1, or of TensorFlow only")

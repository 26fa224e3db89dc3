"""Reads what a SavedModel would do, without doing any of it: its operations, and the files that it would open.

Whoever loads a SavedModel runs it: initializers run while it is loaded. So `require_harmless` comes before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.model import (
    graph_assets,
    graph_attributes,
    graph_batches,
    graph_files,
    graph_models,
    graph_names,
    graph_nodes,
    object_graph,
)
from sentiment.model.graph_library import Library
from sentiment.model.operations import ALLOWED, OF_AN_ENCODER
from sentiment.model.saved_model_files import FILE, elsewhere, misnamed
from sentiment.model.saved_model_size import too_much
from sentiment.text.harmless import visible

MOST_NAMED = 5
LONGEST_TOLD = 200  # characters of what a stranger named
# TensorFlow Serving's parser takes some of what Python's refuses.
UNREADABLE = f"a {FILE} that is none, or that cannot be read whole"


def require_harmless(folder: Path) -> None:
    """Raises: InputError when the SavedModel in `folder` may do more than compute, or its files lie elsewhere.

    A file that is no SavedModel at all passes: whoever loads it, with the same parser, says so.
    """
    if found := [danger for danger in dangers(folder) if danger != UNREADABLE]:
        raise InputError(
            "a SavedModel from elsewhere must only compute: it must not touch files other than its own, a network, a "
            "process or Python",
            found=f"{some(found)} in {folder}",
            do="Do not use it. Fetch the encoder again from its publisher, or name another one.",
        )


def dangers(folder: Path, models: Collection[bytes] | None = None) -> list[str]:
    """Returns what the SavedModel in `folder` could do that it must not, in words; an empty list: it only computes.

    `models`: those that the tokenizer of an export may have, as `piece_trie.models` returns them; None: it is an
    encoder, which has none, and fewer operations.
    """
    if found := list(elsewhere(folder)) or list(too_much(folder / FILE)):
        return found  # a pipe is not waited for, and what lies elsewhere is not read
    metas = _parsed(folder)
    told = [visible(danger, LONGEST_TOLD) for meta in metas for danger in dangers_of(folder, meta, models)]
    return told if metas or not (folder / FILE).exists() else [UNREADABLE]


def dangers_of(folder: Path, meta: Any, models: Collection[bytes] | None = None) -> Iterator[str]:
    """Yields the dangers in one MetaGraphDef."""
    library = Library(meta.graph_def)
    for name in sorted(_operations(library) - (OF_AN_ENCODER if models is None else ALLOWED)):
        yield f"the operation {name}"
    for name in sorted(library.missing()):
        yield f"a call of {name}, which is none of its functions"
    for name in sorted(library.misnamed()):
        yield f"a function {name}, which is the name of an operation"
    yield from misnamed(folder, [asset.file for asset in graph_assets.assets_of(meta)])
    yield from graph_assets.unread(meta)
    yield from graph_attributes.filled_in(library)
    yield from graph_nodes.dishonest(library)
    yield from graph_batches.excessive(library)
    yield from object_graph.changed(meta.object_graph_def.nodes)
    yield from graph_models.unknown(meta, library, models or ())
    yield from graph_files.misused(meta, library)
    yield from graph_names.unseen(meta)


def operations(meta: Any) -> frozenset[str]:
    """Returns the operations of a MetaGraphDef, functions included.

    A call of a function in its own library is no operation, unless the function bears the name of a real one.
    """
    return _operations(Library(meta.graph_def))


def _operations(library: Library) -> frozenset[str]:
    return frozenset(name for name in library.used if not library.is_function(name))


def meta_graphs(folder: Path) -> list[Any]:
    """Returns the MetaGraphDefs of a SavedModel; none when the file is damaged, or has more than is looked over."""
    return [] if any(too_much(folder / FILE)) else _parsed(folder)


def _parsed(folder: Path) -> list[Any]:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    from sentiment.tensorflow_setup import tf  # noqa: F401 - the message belongs to it

    try:
        return list(SavedModel.FromString((folder / FILE).read_bytes()).meta_graphs)
    except (DecodeError, FileNotFoundError):
        return []


def some(found: list[str]) -> str:
    """Returns the first dangers, and how many more there are."""
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return ", ".join(text[:LONGEST_TOLD] for text in found[:MOST_NAMED]) + more

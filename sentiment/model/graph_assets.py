"""The assets of a MetaGraphDef: which tensors loaders give the names of files, and which files those are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

OF_TENSORFLOW_1 = "saved_model_assets"  # its collection of them; loaders read it where there is no other list
TYPE = "type.googleapis.com/tensorflow.AssetFileDef"
LONGEST = 4096  # bytes of one in the collection; the name of a file may have 1,000 characters


class Asset(NamedTuple):
    """A file below the folder of assets, and the tensor that is given its path."""

    tensor: str
    file: str


def assets_of(meta: Any) -> list[Asset]:
    """Returns the assets that loaders know of; what cannot be read is none: see `unread`."""
    listed = meta.asset_file_def or [found for one in _collected(meta) if (found := _unpacked(one)) is not None]
    return [Asset(one.tensor_info.name, one.filename) for one in listed]


def unread(meta: Any) -> Iterator[str]:
    """Yields, in words, that a loader might read an asset of which nothing is known."""
    if not meta.asset_file_def and any(_unpacked(one) is None for one in _collected(meta)):
        yield f"something in the collection {OF_TENSORFLOW_1} that is no asset, or longer than {LONGEST} bytes"


def _collected(meta: Any) -> Any:
    return meta.collection_def[OF_TENSORFLOW_1].any_list.value if OF_TENSORFLOW_1 in meta.collection_def else ()


def _unpacked(one: Any) -> Any:
    """Returns the AssetFileDef in an Any; None when there is none, or one of which much would be built."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

    if one.type_url != TYPE or len(one.value) > LONGEST:
        return None
    try:
        return AssetFileDef.FromString(one.value)
    except DecodeError:
        return None

"""The tensors of a PyTorch file as its pickle describes them, checked before a byte of them is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.model.torch_pickle import TorchFileError

Array = NDArray[Any]

ELEMENTS = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
LONGEST_KEY = 64  # characters of a storage's name, which torch counts up from 0
MOST_DIMENSIONS = 8
MOST_READ = 4  # how often over the file's bytes may be read: tied weights share a storage, and each reads the whole


@dataclass(frozen=True)
class Storage:
    """A run of elements of one kind, somewhere in the file."""

    key: str
    kind: str
    elements: int

    @property
    def item_size(self) -> int:
        return 2 if self.kind == "bfloat16" else np.dtype(self.kind).itemsize

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.elements * self.item_size


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; `strides` and `offset` are in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, data: bytes) -> Array:
        """Returns the tensor from its storage's bytes; bfloat16, which numpy lacks, becomes float32 (exactly)."""
        if self.storage.kind == "bfloat16":
            flat: Array = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        else:
            flat = np.frombuffer(data, self.storage.kind)
        steps = tuple(stride * flat.itemsize for stride in self.strides)
        view = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps, writeable=False)
        return np.ascontiguousarray(view).reshape(self.shape)


class Storages:
    """The storages that a file's pickle refers to, by their names."""

    def __init__(self) -> None:
        self.by_key: dict[str, Storage] = {}

    def refer(self, reference: tuple[Any, ...]) -> Storage:
        """Stands for a persistent id: ("storage", kind, key, device, elements), with None at the end in older files."""
        what, kind, key, _device, elements, *view = reference
        if what != "storage" or kind not in ELEMENTS.values() or view not in ([], [None]):
            raise TorchFileError("it refers to something that is no storage")
        if not isinstance(key, str) or len(key) > LONGEST_KEY or not _is_count(elements):
            raise TorchFileError("it refers to a storage without a name or a number of elements")
        found = Storage(key, kind, elements)
        if self.by_key.setdefault(key, found) != found:
            raise TorchFileError(f"it refers to its storage {key!a} in two ways")
        return found


def refuse(_: tuple[Any, ...]) -> Any:
    """Stands for a persistent id where no tensor can be."""
    raise TorchFileError("it refers to a storage where no tensor can be")


def _table() -> dict[str, Any]:
    """Stands for `collections.OrderedDict`, which `torch.save` calls without arguments."""
    return {}


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """Stands for `torch._utils._rebuild_tensor_v2`."""
    if not isinstance(storage, Storage):
        raise TorchFileError("it has a tensor without a storage")
    if not (_is_shape(shape) and _is_shape(strides) and len(shape) == len(strides) and _is_count(offset)):
        raise TorchFileError("it has a tensor whose shape, strides or offset are none")
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *_: Any) -> Any:
    """Stands for `torch._utils._rebuild_parameter`."""
    return tensor


NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _table,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    **{("torch", name): kind for name, kind in ELEMENTS.items()},
}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 63


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) <= MOST_DIMENSIONS and all(map(_is_count, value))


def checked(loaded: Any, room: int) -> dict[str, Tensor]:
    """Returns the tensors of a file of `room` bytes by name. Raises: TorchFileError unless each is in its storage."""
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise TorchFileError("it holds more than a table of weights (save `model.state_dict()` alone)")
    tensors = {str(name): tensor for name, tensor in loaded.items()}
    for name, tensor in tensors.items():
        _require_inside(name, tensor)
    if sum(tensor.storage.size for tensor in tensors.values()) > MOST_READ * room:
        raise TorchFileError(f"its tensors want more than {MOST_READ} times its {room:,} bytes")
    return tensors


def _require_inside(name: str, tensor: Tensor) -> None:
    elements, shape = tensor.storage.elements, tensor.shape
    size = math.prod(shape)
    last = tensor.offset + sum((length - 1) * stride for length, stride in zip(shape, tensor.strides, strict=True))
    if size and (last >= elements or size > elements):
        raise TorchFileError(f"its {name[:100]} has the shape {shape} in a storage of {elements} elements")


def require_sizes(storages: Storages, size_of: Callable[[Storage], int | None]) -> None:
    """Raises: TorchFileError unless the file holds each storage whole, and no more: None means not at all."""
    for storage in storages.by_key.values():
        found = size_of(storage)
        if found != storage.size:
            held = f"has {found} of {storage.size} bytes" if found is not None else "is missing"
            raise TorchFileError(f"it is damaged or cut short (its storage {storage.key!a} {held})")

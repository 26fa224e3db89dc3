"""Reads the weights of a PyTorch file (`pytorch_model.bin`) without PyTorch, and without running any code in it.

`torch.save` writes a pickle of the tensors' names and shapes beside their raw bytes. A pickle can call anything; this
reader lets it call only what a table of weights needs, and refuses everything else. There are two formats: a zip
(PyTorch 1.6 and later, 2020) and, before that, one stream of pickles and bytes.
Source: `torch/serialization.py` (`_load`, `_legacy_load`) and `torch/_utils.py` (`_rebuild_tensor_v2`).
"""

from __future__ import annotations

import math
import mmap
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

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
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
LEGACY_START = b"\x80\x02\x8a\n" + LEGACY_MAGIC.to_bytes(10, "little")
ZIP_START = b"PK\x03\x04"
# The errors that a pickle, a zip or a struct with senseless bytes can raise.
DAMAGE = (
    *(pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, ValueError, TypeError),
    *(AttributeError, LookupError, OverflowError, MemoryError),
)


class TorchFileError(ValueError):
    """The file is damaged, or not a plain table of weights."""


@dataclass(frozen=True)
class Storage:
    """A run of elements of one kind, somewhere in the file."""

    key: str
    kind: str
    elements: int

    @property
    def item_size(self) -> int:
        return 2 if self.kind == "bfloat16" else np.dtype(self.kind).itemsize


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; `strides` and `offset` are in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class TorchFile:
    """The tensors of a file by name. The bytes of a tensor are read only when it is asked for."""

    def __init__(self, tensors: dict[str, Tensor], read_bytes: Callable[[Storage], bytes]) -> None:
        self._tensors = tensors
        self._read_bytes = read_bytes

    def keys(self) -> list[str]:
        return list(self._tensors)

    def array(self, name: str) -> Array:
        """Returns one tensor; bfloat16, which numpy lacks, becomes float32 (exactly)."""
        tensor = self._tensors[name]
        data = self._read_bytes(tensor.storage)
        if tensor.storage.kind == "bfloat16":
            flat: Array = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        else:
            flat = np.frombuffer(data, tensor.storage.kind)
        steps = tuple(stride * flat.itemsize for stride in tensor.strides)
        view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps, writeable=False)
        return np.ascontiguousarray(view).reshape(tensor.shape)


def read(path: Path) -> TorchFile:
    """Opens a file of `torch.save`. Raises: TorchFileError when it is damaged or not a plain table of weights."""
    with path.open("rb") as file:
        start = file.read(len(LEGACY_START))
    try:
        if start.startswith(ZIP_START):
            return _read_zip(path)
        if start == LEGACY_START:
            return _read_legacy(path)
    except TorchFileError:
        raise
    except DAMAGE as error:
        raise TorchFileError(f"it is cut short or damaged ({error})") from None
    raise TorchFileError("it is not a file of torch.save")


def _read_zip(path: Path) -> TorchFile:
    archive = zipfile.ZipFile(path)
    root = next((name for name in archive.namelist() if name.endswith("/data.pkl")), "").removesuffix("data.pkl")
    if not root:
        raise TorchFileError("it is a zip without data.pkl")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise TorchFileError("it is compressed, as torch.save never does")
    order = archive.read(f"{root}byteorder") if f"{root}byteorder" in archive.namelist() else b"little"
    if order != b"little":
        raise TorchFileError(f"its byte order is {order.decode('ascii', 'replace')}, not little")
    with archive.open(f"{root}data.pkl") as file:
        tensors = _tensors(_Unpickler(file, _storage).load())

    def read_bytes(storage: Storage) -> bytes:
        try:
            data = archive.read(f"{root}data/{storage.key}")
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise TorchFileError(f"it is damaged ({error})") from None
        return _of_size(data, storage)

    return TorchFile(tensors, read_bytes)


def _read_legacy(path: Path) -> TorchFile:
    """Reads five pickles (magic, protocol, system, tensors, storage keys), then each storage's length and bytes."""
    with path.open("rb") as file:
        _, protocol, system = (_Unpickler(file, _refuse).load() for _ in range(3))
        if protocol != LEGACY_PROTOCOL or not isinstance(system, dict) or not system.get("little_endian", True):
            raise TorchFileError(f"its protocol is {protocol!r}, or its byte order not little")
        storages: dict[str, Storage] = {}

        def storage_of(reference: Any) -> Storage:
            found = _storage(reference)
            return storages.setdefault(found.key, found)

        tensors = _tensors(_Unpickler(file, storage_of).load())
        starts: dict[str, int] = {}
        for key in _Unpickler(file, _refuse).load():
            (elements,) = struct.unpack("<q", file.read(8))
            if elements != storages[key].elements:
                raise TorchFileError(f"its storage {key} holds {elements} elements, not {storages[key].elements}")
            starts[key] = file.tell()
            file.seek(elements * storages[key].item_size, 1)
        contents = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def read_bytes(storage: Storage) -> bytes:
        if storage.key not in starts:
            raise TorchFileError(f"it is damaged (no storage {storage.key})")
        begin = starts[storage.key]
        return _of_size(contents[begin : begin + storage.elements * storage.item_size], storage)

    return TorchFile(tensors, read_bytes)


class _Unpickler(pickle.Unpickler):
    """A pickle reader in which a file may name only the parts of a table of weights."""

    def __init__(self, file: IO[bytes], storage_of: Callable[[Any], Storage]) -> None:
        super().__init__(file, encoding="utf-8")
        self._storage_of = storage_of

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        if module == "torch" and name in ELEMENTS:
            return ELEMENTS[name]
        raise TorchFileError(f"it wants {module}.{name}, which no table of weights needs")

    def persistent_load(self, pid: Any) -> Storage:
        return self._storage_of(pid)


def _storage(reference: Any) -> Storage:
    what, kind, key, _device, elements, *view = reference
    if what != "storage" or kind not in ELEMENTS.values() or not isinstance(key, str) or view not in ([], [None]):
        raise TorchFileError(f"it refers to {reference!r}, which is no storage")
    if not isinstance(elements, int) or elements < 0:
        raise TorchFileError(f"it holds a storage of {elements!r} elements")
    return Storage(key, kind, elements)


def _refuse(reference: Any) -> Storage:
    raise TorchFileError(f"it refers to {reference!r} where no tensor can be")


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """Stands for `torch._utils._rebuild_tensor_v2`."""
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *_: Any) -> Any:
    """Stands for `torch._utils._rebuild_parameter`."""
    return tensor


ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


def _tensors(loaded: Any) -> dict[str, Tensor]:
    """Checks what was read; not earlier, because a pickle can change an object after making it."""
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise TorchFileError("it holds more than a table of weights (save `model.state_dict()` alone)")
    for name, tensor in loaded.items():
        _require_inside(str(name), tensor)
    return {str(name): tensor for name, tensor in loaded.items()}


def _require_inside(name: str, tensor: Tensor) -> None:
    """Raises: TorchFileError unless every element of `tensor` lies in its storage."""
    storage, shape, strides = tensor.storage, tensor.shape, tensor.strides
    numbers = (tensor.offset, *shape, *strides)
    if not (isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides)):
        raise TorchFileError(f"its {name} has the shape {shape!r} and the strides {strides!r}")
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise TorchFileError(f"its {name} has the shape {shape!r}, the strides {strides!r}, the offset {tensor.offset}")
    if not isinstance(storage, Storage) or storage.kind not in ELEMENTS.values():
        raise TorchFileError(f"its {name} has no storage")
    size = math.prod(shape)
    last = tensor.offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if size and (last >= storage.elements or size > storage.elements):
        raise TorchFileError(f"its {name} has the shape {shape!r} in a storage of {storage.elements} elements")


def _of_size(data: bytes, storage: Storage) -> bytes:
    wanted = storage.elements * storage.item_size
    if len(data) < wanted:
        raise TorchFileError(f"it is cut short (storage {storage.key} has {len(data)} of {wanted} bytes)")
    return data[:wanted]

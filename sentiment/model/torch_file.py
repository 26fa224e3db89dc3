"""Reads the weights of a PyTorch file (`pytorch_model.bin`) without PyTorch, and without running any code in it.

`torch.save` writes a pickle of the tensors' names and shapes beside their raw bytes. There are two formats: a zip
(PyTorch 1.6 and later, 2020) and, before that, one stream of pickles and bytes. All that a file says of sizes is
compared with what it holds, before anything of that size is set aside.
Source: `torch/serialization.py` (`_load`, `_legacy_load`).
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from sentiment.model import torch_pickle
from sentiment.model.torch_pickle import TorchFileError
from sentiment.model.torch_tensors import NAMES, Array, Storage, Storages, Tensor, checked, refuse, require_sizes

__all__ = ["TorchFile", "TorchFileError", "read"]

LARGEST_TABLE = 4 << 20  # bytes of names and shapes, and of a zip's list of members; a BERT of 24 layers has 40 KB
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
LEGACY_START = b"\x80\x02\x8a\n" + LEGACY_MAGIC.to_bytes(10, "little")
ZIP_START = b"PK\x03\x04"
ENCRYPTED = 1  # a bit among the flags of a zip's member
# The errors that a pickle, a zip or a struct with senseless bytes can raise.
DAMAGE = (
    *(zipfile.BadZipFile, struct.error, EOFError, OSError, ValueError, TypeError),
    *(AttributeError, LookupError, OverflowError, RuntimeError),
)


class TorchFile:
    """The tensors of a file by name. The bytes of a tensor are read only when it is asked for."""

    def __init__(self, tensors: dict[str, Tensor], read_bytes: Callable[[Storage], bytes]) -> None:
        self._tensors = tensors
        self._read_bytes = read_bytes

    def keys(self) -> list[str]:
        return list(self._tensors)

    def array(self, name: str) -> Array:
        """Returns one tensor. Raises: TorchFileError when its bytes are damaged."""
        tensor = self._tensors[name]
        try:
            return tensor.array(self._read_bytes(tensor.storage))
        except DAMAGE as error:
            raise TorchFileError(f"it is damaged ({error})") from None


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


class _SparingFile(io.BufferedReader):
    """Refuses to read more than a table at once: zipfile reads a zip's whole list of members, however long it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_TABLE:
            raise TorchFileError(f"its list of members has more than {LARGEST_TABLE:,} bytes")
        return super().read(size)


def _read_zip(path: Path) -> TorchFile:
    with _SparingFile(io.FileIO(path)) as file:
        _require_plain(zipfile.ZipFile(file).infolist(), path.stat().st_size)
    archive = zipfile.ZipFile(path)
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    root = next((name for name in sizes if name.endswith("/data.pkl")), "").removesuffix("data.pkl")
    if not root:
        raise TorchFileError("it is a zip without data.pkl")
    if sizes[f"{root}data.pkl"] > LARGEST_TABLE:
        raise TorchFileError(f"its data.pkl has more than {LARGEST_TABLE:,} bytes, which no table of weights needs")
    _require_little_endian(archive, f"{root}byteorder")
    storages = Storages()
    loaded = torch_pickle.load(io.BytesIO(archive.read(f"{root}data.pkl")), NAMES, storages.refer)
    require_sizes(storages, lambda storage: sizes.get(f"{root}data/{storage.key}"))
    tensors = checked(loaded, path.stat().st_size)
    return TorchFile(tensors, lambda storage: archive.read(f"{root}data/{storage.key}"))


def _require_plain(entries: list[zipfile.ZipInfo], room: int) -> None:
    """Raises: TorchFileError unless a zip's members lie in its file as they are, each once, beside each other."""
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ENCRYPTED for entry in entries):
        raise TorchFileError("it is compressed or encrypted, as torch.save never does")
    if len({entry.filename for entry in entries}) < len(entries):
        raise TorchFileError("it has two members of one name")
    if any(entry.compress_size != entry.file_size for entry in entries):
        raise TorchFileError("it is damaged (a member has two sizes)")
    if sum(entry.file_size for entry in entries) > room:
        raise TorchFileError(f"its members are larger than its {room:,} bytes")


def _require_little_endian(archive: zipfile.ZipFile, member: str) -> None:
    """Raises: TorchFileError when the file says that its byte order is another one; older files do not say it."""
    if member not in archive.namelist():
        return
    with archive.open(member) as file:
        order = file.read(16)
    if order != b"little":
        raise TorchFileError(f"its byte order is {order.decode('ascii', 'replace')}, not little")


def _read_legacy(path: Path) -> TorchFile:
    """Reads five pickles (magic, protocol, system, tensors, storage keys), then each storage's length and bytes."""
    with path.open("rb") as file:
        head = io.BytesIO(file.read(LARGEST_TABLE))
    _, protocol, system = (torch_pickle.load(head, NAMES, refuse) for _ in range(3))
    if protocol != LEGACY_PROTOCOL or not isinstance(system, dict) or not system.get("little_endian", True):
        raise TorchFileError(f"its protocol is not {LEGACY_PROTOCOL}, or its byte order not little")
    storages = Storages()
    loaded = torch_pickle.load(head, NAMES, storages.refer)
    keys = torch_pickle.load(head, NAMES, refuse)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TorchFileError("it is damaged (its storages have no names)")
    starts = _starts(path, head.tell(), [storages.by_key[key] for key in keys])
    require_sizes(storages, lambda storage: storage.size if storage.key in starts else None)
    tensors = checked(loaded, path.stat().st_size)
    return TorchFile(tensors, lambda storage: _part(path, starts[storage.key], storage.size))


def _starts(path: Path, begin: int, storages: list[Storage]) -> dict[str, int]:
    """Returns where each storage's bytes begin. Raises: TorchFileError unless all of them are in the file."""
    starts: dict[str, int] = {}
    for storage in storages:
        (elements,) = struct.unpack("<q", _part(path, begin, 8))
        if elements != storage.elements or storage.key in starts:
            raise TorchFileError(f"its storage {storage.key!a} does not hold its {storage.elements} elements")
        starts[storage.key] = begin + 8
        begin += 8 + storage.size
    if begin > path.stat().st_size:
        raise TorchFileError(f"it is cut short ({path.stat().st_size:,} of {begin:,} bytes)")
    return starts


def _part(path: Path, begin: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(size)

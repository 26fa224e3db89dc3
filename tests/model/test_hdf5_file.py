"""Files of weights in HDF5: what lies in another file, or is larger than the file, is refused before it is read."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sentiment.errors import InputError
from sentiment.model.hdf5_file import require_plain


def external_storage(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (4,), "u1", external=[(str(secret), 0, 4)])


def external_link(file: Any, secret: Path) -> None:
    file["embeddings"] = h5py.ExternalLink(str(secret), "/w")


def soft_link(file: Any, secret: Path) -> None:
    file["inner"] = h5py.SoftLink("/w")


def virtual(file: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "w", (4,))
    file.create_virtual_dataset("embeddings", layout)


def far_too_large(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (1 << 40,), "f4", chunks=(1 << 10,))


def compressed(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (64,), "u1", chunks=(64,), compression="gzip")


def shuffled(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (64,), "f4", chunks=(64,), shuffle=True)


def texts(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", data=["a", "b"], dtype=h5py.string_dtype())


def filtered_names(file: Any, secret: Path) -> None:
    """A group whose names lie in a deflated heap; h5py cannot ask for that, HDF5 can."""
    created = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    (library,) = Path(h5py.__file__).parents[1].glob("h5py.libs/libhdf5-*")
    deflate = ctypes.CDLL(str(library)).H5Pset_deflate
    deflate.argtypes = [ctypes.c_int64, ctypes.c_uint]
    assert deflate(created.id, 9) >= 0
    group = h5py.Group(h5py.h5g.create(file.id, b"names", gcpl=created))
    for number in range(20):  # HDF5 keeps the first ones elsewhere
        group[f"{number}" + "a" * 1_000] = file.parent["w"]


def many_attributes(file: Any, secret: Path) -> None:
    for number in range(1_001):
        file.attrs[str(number)] = 0


def tables(file: Any, secret: Path) -> None:
    file.attrs.create("table", np.zeros(2, [("a", "f4"), ("b", "f4")]))


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (filtered_names, "compression or another filter of the names in /deep/names"),
        (many_attributes, "more than 1,000 attributes of /deep"),
        (tables, "an attribute that is neither numbers nor texts of /deep"),
        (external_storage, "external storage of /deep/embeddings"),
        (external_link, "the link /deep/embeddings"),
        (soft_link, "the link /deep/inner"),
        (virtual, "the virtual array /deep/embeddings"),
        (far_too_large, "arrays of more than 10 times the file's size"),
        (compressed, "compression or another filter of /deep/embeddings"),
        (shuffled, "compression or another filter of /deep/embeddings"),
        (texts, "no numbers, but /deep/embeddings"),
    ],
)
def test_weights_that_are_elsewhere_are_refused(tmp_path: Path, attack: Callable[..., None], found: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with h5py.File(tmp_path / "weights.h5", "w", libver="latest") as file:
        file["w"] = np.ones(4, "f4")
        attack(file.create_group("deep"), tmp_path / "secret")
    with pytest.raises(InputError, match="must hold plain arrays of numbers") as raised:
        require_plain(tmp_path / "weights.h5")
    assert raised.value.found.startswith(found)


def test_plain_arrays_pass_even_in_a_ring(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["layer/kernel"] = np.ones((64, 64), "f4")
        file["layer/again"] = file["/"]
        file.attrs["model_config"] = '{"class_name": "Lambda"}'
    require_plain(tmp_path / "weights.h5")
    (tmp_path / "other.h5").write_bytes(b"not one")
    require_plain(tmp_path / "other.h5")
    with pytest.raises(InputError):
        with h5py.File(tmp_path / "weights.h5", "a") as file:
            file["layer/soft"] = h5py.SoftLink("/layer")
        require_plain(tmp_path / "weights.h5")


def with_texts(path: Path, number: int, length: int) -> None:
    """Writes a file with an attribute of `number` texts that are all the same one of the file."""
    with h5py.File(path, "w") as file:
        texts = ["a" * length, *(f"b{one:05}" for one in range(number - 1))]
        file.attrs.create("layer_names", texts, dtype=h5py.string_dtype())
        file["w"] = np.ones(4, "f4")
    content = bytearray(path.read_bytes())
    begin = content.find(struct.pack("<I", length))
    while content[begin + 16 : begin + 20] != struct.pack("<I", 6):  # of the second text, in the list of them
        begin = content.find(struct.pack("<I", length), begin + 1)
    content[begin : begin + 16 * number] = content[begin : begin + 16] * number
    path.write_bytes(content)


@pytest.mark.parametrize(("number", "length"), [(2_000, 250_000), (400, 100_000)])
def test_one_text_of_a_file_is_not_read_for_many(tmp_path: Path, number: int, length: int) -> None:
    with_texts(tmp_path / "weights.h5", number, length)
    assert (tmp_path / "weights.h5").stat().st_size < 1_000_000
    with pytest.raises(InputError, match="attributes whose texts take far more memory than names do"):
        require_plain(tmp_path / "weights.h5")


def test_the_names_of_layers_and_weights_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        for number in range(10):
            file[f"layer{number}/w"] = np.ones(4, "f4")
            file[f"layer{number}"].attrs["weight_names"] = [
                f"layer_{number}/weight_{one}".encode() for one in range(200)
            ]
        file.attrs["backend"], file.attrs["trained"], file.attrs["layer_names"] = "tensorflow", True, list(file)
    require_plain(tmp_path / "weights.h5")


def test_a_damaged_file_is_one_line_wherever_it_is_damaged(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        layer = file.create_group("layer")
        layer.create_dataset("kernel", data=np.ones((4, 4), "f4"))
        layer.attrs["weight_names"] = np.array([b"kernel"])
    whole, told = (tmp_path / "whole.h5").read_bytes(), 0
    for at in range(0, 2048, 5):
        (tmp_path / "damaged.h5").write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2 :])
        try:
            require_plain(tmp_path / "damaged.h5")
        except InputError as error:
            assert str(error).isprintable()
            told += "found damage (" in str(error)
    assert told > 10

"""Files of weights in HDF5: what lies in another file, or is larger than the file, is refused before it is read."""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sentiment.data.formats import allowance
from sentiment.errors import InputError
from sentiment.model import hdf5_attributes, hdf5_file, hdf5_look
from sentiment.model.hdf5_file import require_plain
from sentiment.model.hdf5_look import first_oddity


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
    file.create_dataset("embeddings", (1 << 40,), "f4")


def pieces(file: Any, secret: Path) -> None:
    """Nothing is stored of it, and who reads it keeps an account of each of its pieces."""
    file.create_dataset("embeddings", (1 << 10,), "f4", chunks=(1,))


def never_written(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (1 << 16,), "f4", fillvalue=1)


def a_type_by_itself(file: Any, secret: Path) -> None:
    file["embeddings"] = np.dtype("f4")


def many_values_by_name(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (4,), h5py.enum_dtype({f"a{number}": number for number in range(100)}))


def another_name(file: Any, secret: Path) -> None:
    file["again"] = file.parent["w"]


def a_ring(file: Any, secret: Path) -> None:
    file["again"] = file["/"]


def deep(file: Any, secret: Path) -> None:
    for _ in range(40):
        file = file.create_group("a")


def long(file: Any, secret: Path) -> None:
    for _ in range(6):
        file = file.create_group("a" * 100)


def one_long(file: Any, secret: Path) -> None:
    file.create_group("a" * 60_000)


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
        (far_too_large, "arrays that are larger than the file"),
        (pieces, "pieces, each of which takes memory by itself, of /deep/embeddings"),
        (never_written, "arrays that are larger than the file"),
        (a_type_by_itself, "something that is no array, /deep/embeddings"),
        (many_values_by_name, "no numbers, but /deep/embeddings"),
        (another_name, "another name of something: /"),
        (a_ring, "another name of something: /deep/again"),
        (deep, "groups that go deeper than 32: /deep/a/a"),
        (long, "a name in /deep/aaa"),
        (one_long, "a name in /deep that is none, or longer than names are"),
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
    assert len(str(raised.value)) < 1_000


def test_plain_arrays_pass(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w", userblock_size=512) as file:
        file["layer/kernel"] = np.ones((64, 64), "f4")
        file["layer/on"] = np.array([True, False])
        file.attrs["model_config"] = '{"class_name": "Lambda"}'
    require_plain(tmp_path / "weights.h5")
    require_plain(tmp_path / "no.h5")
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
            names = [f"layer_{number}/weight_{one}" for one in range(20)]
            for name in names:
                file[f"layer{number}/{name}"] = np.ones(4, "f4")
            file[f"layer{number}"].attrs["weight_names"] = [name.encode() for name in names]
        file.attrs["backend"], file.attrs["trained"], file.attrs["layer_names"] = "tensorflow", True, list(file)
    require_plain(tmp_path / "weights.h5")


NAMED_AGAIN = "a second name, or one of nothing that is there: "


@pytest.mark.parametrize(
    ("layers", "weights", "found"),
    [
        (["a"], ["x", "./x"], NAMED_AGAIN + "/a/./x"),
        (["a"], ["x", ".//x", ".///x"], NAMED_AGAIN + "/a/.//x"),
        (["a"], ["x", "x"], NAMED_AGAIN + "/a/x"),
        (["a"], ["x", "/a/x"], NAMED_AGAIN + "/a//a/x"),
        (["a"], ["x", "y"], NAMED_AGAIN + "/a/y"),
        (["a"], ["b"], NAMED_AGAIN + "/a/b"),
        (["a", "a"], ["x"], NAMED_AGAIN + "/a"),
        (["a", "a/"], ["x"], NAMED_AGAIN + "/a/"),
        (["a", "a/x"], ["x"], NAMED_AGAIN + "/a/x"),
        (["a", "a/b"], ["x", "b/z"], NAMED_AGAIN + "/a/b/z"),
    ],
)
@pytest.mark.parametrize("any_length", [False, True])
def test_an_array_has_one_name_in_the_lists_that_are_read(
    layers: list[str], weights: list[str], found: str, any_length: bool, tmp_path: Path
) -> None:
    kind = h5py.string_dtype() if any_length else "S20"
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["a/x"] = file["a/b/z"] = np.ones(4, "f4")
        file.attrs.create("layer_names", layers, dtype=kind)
        file["a"].attrs.create("weight_names0", weights[:1], dtype=kind)  # as Keras parts a long list
        file["a"].attrs.create("weight_names1", weights[1:], dtype=kind)
        file["a/b"].attrs.create("weight_names", ["z"], dtype=kind)
    assert first_oddity(tmp_path / "weights.h5") == found


@pytest.mark.parametrize(
    "names", ["x", 1.0, np.ones(2), np.array([[b"x"]]), np.ones((0, 2)), h5py.Empty("f4"), h5py.Empty("S4"), np.ones(0)]
)
def test_a_list_of_names_is_one(names: Any, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["x"] = np.ones(4, "f4")
        file.attrs["weight_names"] = names
    if getattr(names, "shape", None) == (0,):  # as Keras writes it for a layer without weights
        assert not first_oddity(tmp_path / "weights.h5")
    else:
        assert first_oddity(tmp_path / "weights.h5") == "weight_names that are no list of names in /"


@pytest.mark.parametrize(
    ("module", "bound", "found"),
    [
        (hdf5_look, "MOST_OBJECTS", "more than 9 groups and arrays"),
        (hdf5_attributes, "MOST_IN_ALL", "attributes of /layer"),
        (hdf5_attributes, "MOST_NAMED", "more than 9 names in lists"),
    ],
)
def test_everything_is_counted(module: Any, bound: str, found: str, tmp_path: Path, monkeypatch: Any) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        for number in range(10):
            file[f"layer{number}"] = np.ones(4, "f4")
            file[f"layer{number}"].attrs["a"] = 1
        file.attrs["weight_names"] = [f"layer{number}".encode() for number in range(10)]
    assert not first_oddity(tmp_path / "weights.h5")
    monkeypatch.setattr(module, bound, 9)
    assert found in first_oddity(tmp_path / "weights.h5")


def test_a_file_that_cannot_be_opened_is_not_tried_with_more_memory(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["w"] = np.ones(1_000, "f4")
    (tmp_path / "weights.h5").write_bytes((tmp_path / "weights.h5").read_bytes()[:-10])
    with pytest.raises(OSError, match="truncated file"):
        require_plain(tmp_path / "weights.h5")


def test_what_a_stranger_named_is_said_in_plain_characters(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["a\n\u202eb"] = h5py.SoftLink("/")
    with pytest.raises(InputError) as raised:
        require_plain(tmp_path / "weights.h5")
    assert raised.value.found.startswith(r"the link /a\n\u202eb in ")


def test_a_damaged_file_is_one_line_wherever_it_is_damaged(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        layer = file.create_group("layer")
        layer.create_dataset("kernel", data=np.ones((4, 4), "f4"))
        layer.attrs["weight_names"] = np.array([b"kernel"])
    whole, told = (tmp_path / "whole.h5").read_bytes(), 0
    for at in range(0, 2048, 5):
        (tmp_path / "damaged.h5").write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2 :])
        with suppress(OSError):
            told += first_oddity(tmp_path / "damaged.h5").startswith("damage (")
    assert told > 10


@pytest.mark.parametrize(
    "script",
    [
        "time.sleep(10)",
        "os.close(1); time.sleep(10)",
        "[(os.write(1, b'1'), time.sleep(0.05)) for _ in range(200)]",
        "[os.write(1, b'1' * 1_000) for _ in range(100_000)]",
    ],
)
def test_whoever_looks_a_file_over_is_not_waited_for_longer_than_it_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """It got hold of the child, say. Each of these ends by itself, at last."""
    (tmp_path / "weights.h5").write_bytes(b"x")
    monkeypatch.setattr(hdf5_file, "python_module", lambda *_: [sys.executable, "-c", f"import os, time; {script}"])
    monkeypatch.setattr(allowance, "most_seconds", lambda _: 0.5)
    with pytest.raises(InputError, match="found what takes more memory or time to look at than weights do in"):
        require_plain(tmp_path / "weights.h5")

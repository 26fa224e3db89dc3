"""The reader of PyTorch's files: what it reads, and what it refuses to do for a file."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment.model import torch_file
from sentiment.model.torch_file import TorchFileError

FLOATS = np.arange(6, dtype="<f4")


def opcodes(value: Any) -> bytes:
    """The part of a pickle that pushes a plain value."""
    return pickle.dumps(value, 2)[2:-1]


def storage(kind: str = "FloatStorage", key: str = "0", elements: Any = 6) -> bytes:
    named = opcodes("storage") + f"ctorch\n{kind}\n".encode() + opcodes(key) + opcodes("cpu") + opcodes(elements)
    return b"(" + named + b"tQ"


def tensor(kept_in: bytes | None = None, offset: Any = 0, shape: Any = (2, 3), strides: Any = (3, 1)) -> bytes:
    where = (storage() if kept_in is None else kept_in) + opcodes(offset) + opcodes(shape) + opcodes(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + where + opcodes(False) + b"ccollections\nOrderedDict\n)RtR"


def table(value: bytes, name: str = "a") -> bytes:
    return b"\x80\x02}" + opcodes(name) + value + b"s."


def write(folder: Path, pickled: bytes, storages: dict[str, bytes] | None = None, compression: int = 0) -> Path:
    path = folder / "pytorch_model.bin"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, data in (storages or {"0": FLOATS.tobytes()}).items():
            archive.writestr(f"archive/data/{key}", data)
    return path


def test_a_tensor_is_a_view_of_its_storage(tmp_path: Path) -> None:
    file = torch_file.read(write(tmp_path, table(tensor())))
    assert file.keys() == ["a"]
    np.testing.assert_array_equal(file.array("a"), FLOATS.reshape(2, 3))
    transposed = torch_file.read(write(tmp_path, table(tensor(shape=(3, 2), strides=(1, 3)))))
    np.testing.assert_array_equal(transposed.array("a"), FLOATS.reshape(2, 3).T)
    part = torch_file.read(write(tmp_path, table(tensor(offset=4, shape=(2,), strides=(1,)))))
    np.testing.assert_array_equal(part.array("a"), [4, 5])
    scalar = torch_file.read(write(tmp_path, table(tensor(offset=5, shape=(), strides=()))))
    assert (scalar.array("a").shape, float(scalar.array("a"))) == ((), 5.0)
    empty = torch_file.read(write(tmp_path, table(tensor(shape=(0, 3)))))
    assert empty.array("a").shape == (0, 3)


def test_a_parameter_is_its_tensor(tmp_path: Path) -> None:
    parameter = b"ctorch._utils\n_rebuild_parameter\n(" + tensor() + opcodes(True) + b"NtR"
    np.testing.assert_array_equal(torch_file.read(write(tmp_path, table(parameter))).array("a"), FLOATS.reshape(2, 3))


@pytest.mark.parametrize(
    ("kind", "stored", "values"),
    [
        ("HalfStorage", np.array([1.5, -2], "<f2").tobytes(), [1.5, -2]),
        ("BFloat16Storage", b"\xc0\x3f\x00\xc0", [1.5, -2]),
        ("LongStorage", np.array([7, -7], "<i8").tobytes(), [7, -7]),
        ("DoubleStorage", np.array([1.5, -2], "<f8").tobytes(), [1.5, -2]),
        ("BoolStorage", b"\x01\x00", [True, False]),
    ],
)
def test_every_kind_of_number(tmp_path: Path, kind: str, stored: bytes, values: list[Any]) -> None:
    pickled = table(tensor(storage(kind, elements=2), shape=(2,), strides=(1,)))
    found = torch_file.read(write(tmp_path, pickled, {"0": stored})).array("a")
    assert found.tolist() == values


def test_zip_and_legacy_file_hold_what_torch_says(data: Path) -> None:
    """The shapes of a BERT of two layers; test_pretrained.py compares what the weights make of an input."""
    new, old = (torch_file.read(data / name / "pytorch_model.bin") for name in ("bert-bin", "bert-bin-legacy"))
    assert new.keys() == old.keys()
    for file in (new, old):
        assert file.array("embeddings.word_embeddings.weight").shape == (41, 12)
        assert file.array("encoder.layer.1.intermediate.dense.weight").shape == (20, 12)
        assert all(np.isfinite(file.array(name)).all() for name in file.keys())  # noqa: SIM118 - it is no dict


class Calls:
    def __reduce__(self) -> Any:
        return (print, ("this must never be printed",))


@pytest.mark.parametrize(
    "pickled",
    [
        pickle.dumps({"a": Calls()}, 2),
        table(b"cos\nsystem\n(" + opcodes("touch /tmp/owned") + b"tR"),
        table(b"cbuiltins\neval\n(" + opcodes("1") + b"tR"),
        table(b"ctorch.serialization\nload\n(" + opcodes("x") + b"tR"),
        table(b"ccollections\nCounter\n)R"),
    ],
)
def test_a_file_can_call_nothing(tmp_path: Path, pickled: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TorchFileError, match="which no table of weights needs"):
        torch_file.read(write(tmp_path, pickled))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "value",
    [
        tensor(offset=1),
        tensor(offset=-1),
        tensor(shape=(3, 3)),
        tensor(strides=(4, 1)),
        tensor(strides=(-3, 1)),
        tensor(shape=(1 << 40, 1 << 40), strides=(0, 0)),
        tensor(shape=(2, 3, 1)),
        tensor(shape="ab"),
        tensor(shape=(2.0, 3)),
        tensor(kept_in=opcodes("0")),
        tensor(kept_in=storage(elements=-6)),
        # An object changed after it was made and checked: the opcode BUILD writes into its dictionary.
        tensor() + opcodes({"offset": 1 << 30}) + b"b",
        tensor() + opcodes({"storage": None}) + b"b",
        tensor(kept_in=storage() + opcodes({"kind": "O"}) + b"b"),
    ],
)
def test_a_tensor_reaches_nothing_outside_its_storage(tmp_path: Path, value: bytes) -> None:
    with pytest.raises(TorchFileError):
        torch_file.read(write(tmp_path, table(value))).array("a")


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (pickle.dumps([1, 2], 2), "more than a table of weights"),
        (table(opcodes({"nested": 1})), "more than a table of weights"),
        (b"\x80\x02}r\xff\xff\xff\xff.", "damaged"),
        (b"\x80\x63}.", "damaged"),
        (b"", "damaged"),
        (b"garbage", "damaged"),
        (table(tensor(kept_in=b"(" + opcodes("module") + b"tQ")), "damaged|no storage"),
    ],
)
def test_what_is_no_table_of_weights(tmp_path: Path, pickled: bytes, reason: str) -> None:
    with pytest.raises(TorchFileError, match=reason):
        torch_file.read(write(tmp_path, pickled))


def test_a_storage_that_is_missing_short_or_compressed(tmp_path: Path) -> None:
    with pytest.raises(TorchFileError, match="its storage '0' is missing"):
        torch_file.read(write(tmp_path, table(tensor()), {"1": FLOATS.tobytes()}))
    with pytest.raises(TorchFileError, match="its storage '0' has 23 of 24 bytes"):
        torch_file.read(write(tmp_path, table(tensor()), {"0": FLOATS.tobytes()[:-1]}))
    with pytest.raises(TorchFileError, match="compressed"):
        torch_file.read(write(tmp_path, table(tensor()), compression=zipfile.ZIP_DEFLATED))


def test_another_byte_order_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, table(tensor()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/byteorder", b"big")
    with pytest.raises(TorchFileError, match="byte order is big"):
        torch_file.read(path)


@pytest.mark.parametrize("name", ["bert-bin", "bert-bin-legacy"])
def test_a_file_cut_short_anywhere_is_refused(data: Path, tmp_path: Path, name: str) -> None:
    whole = (data / name / "pytorch_model.bin").read_bytes()
    cut = tmp_path / "pytorch_model.bin"
    for length in range(0, len(whole), 211):
        cut.write_bytes(whole[:length])
        with pytest.raises(TorchFileError):
            read_all(cut)
    cut.write_bytes(whole)
    assert len(read_all(cut)) > 30


def test_a_changed_byte_is_noticed(data: Path, tmp_path: Path) -> None:
    """A zip has checksums; what is not covered by one is either noticed or without effect."""
    whole = (data / "bert-bin" / "pytorch_model.bin").read_bytes()
    truth = read_all(data / "bert-bin" / "pytorch_model.bin")
    changed, noticed = tmp_path / "pytorch_model.bin", 0
    for place in range(0, len(whole), 401):
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = read_all(changed)
        except TorchFileError:
            noticed += 1
        else:
            assert all(np.array_equal(found[name], truth[name]) for name in truth)
    assert noticed > 30


def read_all(path: Path) -> dict[str, Any]:
    file = torch_file.read(path)
    return {name: file.array(name) for name in file.keys()}  # noqa: SIM118 - it is no dict


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04", b"version https://git-lfs.github.com/spec/v1\n", b"\0" * 99]
)
def test_something_else_is_no_file_of_torch(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    with pytest.raises(TorchFileError):
        torch_file.read(path)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("readme.txt", "hello")
    (tmp_path / "pytorch_model.bin").write_bytes(made.getvalue())
    with pytest.raises(TorchFileError, match=r"without data\.pkl"):
        torch_file.read(tmp_path / "pytorch_model.bin")

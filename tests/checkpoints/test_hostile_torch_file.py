"""Files of torch.save that would take all of a machine's memory or time: each is refused at once."""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.own_seconds import at_most

from sentiment.model import torch_file, torch_pickle
from sentiment.model.torch_file import LEGACY_START, TorchFileError

SECONDS, BYTES = 1.0, 30 << 20
NESTED = b")" + b"q\x00h\x00\x86" * 60  # a tuple of two that are the same tuple of two, and so on: 2^60 in all
FLOATS = bytes(24)
MERSENNE = 2**61 - 1  # Python hashes whole numbers modulo this, where a word has 64 bits
ONE_HASH = b"".join(b"\x8a\x0b" + (MERSENNE * number).to_bytes(11, "little") + b"N" for number in range(20_000))


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def storage(elements: bytes = whole(6), key: bytes = text("0"), what: bytes = text("storage")) -> bytes:
    return b"(" + what + b"ctorch\nFloatStorage\n" + key + text("cpu") + elements + b"tQ"


def tensor(kept_in: bytes = storage(), shape: bytes = whole(6) + b"\x85", strides: bytes = whole(1) + b"\x85") -> bytes:
    where = kept_in + whole(0) + shape + strides
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + where + b"\x89NtR"


def table(*values: bytes) -> bytes:
    pairs = b"".join(text(f"t{number}") + value for number, value in enumerate(values))
    return b"\x80\x02}(" + pairs + b"u."


def in_zip(path: Path, pickled: bytes, stored: bytes = FLOATS) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/data/0", stored)
    return path


def in_legacy(path: Path, pickled: bytes, keys: Any = ("0",), elements: int = 6, stored: bytes = FLOATS) -> Path:
    system = pickle.dumps({"little_endian": True}, 2)
    head = LEGACY_START + b"." + pickle.dumps(1001, 2) + system + pickled + pickle.dumps(list(keys), 2)
    path.write_bytes(head + struct.pack("<q", elements) + stored)
    return path


def refused(path: Path) -> str:
    """Returns why a file is refused, which must take neither time nor memory; counting memory takes time of its own."""
    with at_most(SECONDS), pytest.raises(TorchFileError) as raised:
        torch_file.read(path)
    tracemalloc.start()
    try:
        with pytest.raises(TorchFileError):
            torch_file.read(path)
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()
    assert len(str(raised.value)) < 300
    return str(raised.value)


@pytest.mark.parametrize("write", [in_zip, in_legacy])
def test_what_is_well_is_read(tmp_path: Path, write: Callable[[Path, bytes], Path]) -> None:
    assert torch_file.read(write(tmp_path / "weights", table(tensor()))).array("t0").tolist() == [0.0] * 6


PICKLES = {
    "a place in memory far away": (b"\x80\x02}r\xff\xff\xff\x0f.", "it keeps a value at place 268,435,455"),
    "a gigabyte of bytes": (b"\x80\x02\x96" + struct.pack("<Q", 1 << 30) + b"x.", "damaged"),
    "a gigabyte of text": (b"\x80\x02X" + struct.pack("<I", 1 << 30) + b"x.", "damaged"),
    "a number of a gigabyte": (b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"x.", "damaged"),
    "a key that takes for ever to hash": (b"\x80\x02}" + NESTED + b"Ns.", "keys are not texts"),
    "whole numbers of one hash": (b"\x80\x02}(" + ONE_HASH + b"u.", "keys are not texts"),
    "a value that takes for ever to show": (table(b"(" + NESTED + b"tQ"), "damaged|arguments|no storage"),
    "a storage that takes for ever to show": (table(storage(what=NESTED)), "no storage"),
    "a shape that takes for ever to show": (table(tensor(shape=NESTED)), "whose shape, strides or offset are none"),
    "a size that takes for ever to show": (table(storage(elements=NESTED)), "without a name or a number of elements"),
    "a call with what takes for ever": (table(b"ccollections\nOrderedDict\n" + NESTED + b"R"), "damaged"),
    "more of what is there already": (b"\x80\x02]q\x00" + b"h\x002" * 10 + b".", "instruction DUP"),
    "a shape in a huge number": (table(tensor(shape=b"\x8a\xff" + b"\x7f" * 255 + b"\x85")), "whose shape"),
    "a storage of a gigabyte": (table(tensor(storage(whole(1 << 28)))), r"1073741824 bytes|its 268435456 elements"),
    "a view far larger than its storage": (
        table(tensor(shape=whole(1 << 30) + b"\x85", strides=whole(0) + b"\x85")),
        r"the shape \(1073741824,\) in a storage of 6 elements",
    ),
    "instructions without an end": (b"\x80\x02" + b"N" * 150_000, "more than 100,000 instructions"),
    "lists in lists": (b"\x80\x02" + b"](" * 15_000, "damaged"),
}


@pytest.mark.parametrize("write", [in_zip, in_legacy])
@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_cannot_take_more_than_it_brings(
    tmp_path: Path, name: str, write: Callable[[Path, bytes], Path]
) -> None:
    pickled, reason = PICKLES[name]
    assert re.search(reason, refused(write(tmp_path / "weights", pickled)))


def test_tensors_of_one_storage_cannot_read_it_for_ever(tmp_path: Path) -> None:
    """Each would read the whole storage: a thousand of them, of a file of 1 GB, 1 TB."""
    stored = bytes(4 * 10_000)
    views = [tensor(storage(whole(10_000)))] * 200
    path = tmp_path / "weights"
    assert "its tensors want more than 4 times its" in refused(in_zip(path, table(*views), stored))
    assert "its tensors want more than 4 times" in refused(in_legacy(path, table(*views), ["0"], 10_000, stored))
    assert torch_file.read(in_zip(path, table(*views[:2]), stored)).keys() == ["t0", "t1"]


def test_a_long_argument_cannot_be_given_many_times(tmp_path: Path) -> None:
    long = b"(" + b"N" * 40_000 + b"tq\x01"
    calls = b"ctorch._utils\n_rebuild_parameter\nq\x02" + b"h\x02h\x01R" * 15_000
    assert "other arguments than a tensor needs" in refused(in_zip(tmp_path / "weights", b"\x80\x02" + long + calls))


def test_a_table_of_many_megabytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_file, "LARGEST_TABLE", 10_000)
    assert "data.pkl has more than 10,000 bytes" in refused(in_zip(tmp_path / "zip", table(text("x" * 10_000))))
    assert "cut short or damaged" in refused(in_legacy(tmp_path / "legacy", table(text("x" * 10_000))))


def test_the_storages_of_a_legacy_file_are_in_it_once(tmp_path: Path) -> None:
    good = table(tensor())
    path = tmp_path / "weights"
    assert "does not hold its 6 elements" in refused(in_legacy(path, good, keys=["0", "0"], stored=FLOATS * 2))
    assert "does not hold its 6 elements" in refused(in_legacy(path, good, elements=-1))
    assert "its storage '0' is missing" in refused(in_legacy(path, good, keys=[]))
    assert "damaged" in refused(in_legacy(path, good, keys=["1"]))
    assert "its storages have no names" in refused(in_legacy(path, good, keys=[["0"]]))
    assert "cut short" in refused(in_legacy(path, good, stored=FLOATS[:-1]))
    huge = table(tensor(storage(whole(1 << 30))))
    assert "cut short" in refused(in_legacy(path, huge, elements=1 << 30))


def changed(path: Path, change: Callable[[bytearray, int], None]) -> Path:
    """Changes a zip's list of members; the second argument is where it begins."""
    content = bytearray(path.read_bytes())
    change(content, content.index(b"PK\x01\x02"))
    path.write_bytes(content)
    return path


def test_the_members_of_a_zip_lie_beside_each_other(tmp_path: Path) -> None:
    """Members that overlap would make many bytes out of few: here each says that it has all of the file's."""
    path = in_zip(tmp_path / "weights", table(tensor()), bytes(5000))

    def overlap(content: bytearray, first: int) -> None:
        last = content.rindex(b"PK\x01\x02")
        for entry in (first, last):
            content[entry + 20 : entry + 28] = struct.pack("<II", 5000, 5000)

    assert "its members are larger than its" in refused(changed(path, overlap))

    def differ(content: bytearray, first: int) -> None:
        content[first + 24 : first + 28] = struct.pack("<I", 1 << 30)

    assert "a member has two sizes" in refused(changed(in_zip(path, table(tensor())), differ))

    def encrypt(content: bytearray, first: int) -> None:
        content[first + 8] |= 1

    assert "compressed or encrypted" in refused(changed(in_zip(path, table(tensor())), encrypt))


def test_a_member_is_there_once(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "weights", table(tensor()))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data.pkl", table())
    assert "two members of one name" in refused(path)


def test_a_bomb_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", table(tensor()))
        archive.writestr("archive/data/0", bytes(1 << 24))
    assert path.stat().st_size < 1 << 15
    assert "compressed" in refused(path)


def test_a_list_of_a_million_members_is_not_read(tmp_path: Path) -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, *[0] * 15) + b"a"
    entries = entry * (torch_file.LARGEST_TABLE // len(entry) + 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, len(entries), 4, 0)
    (tmp_path / "weights").write_bytes(b"PK\x03\x04" + entries + end)
    assert "list of members has more than 4,194,304 bytes" in refused(tmp_path / "weights")


def test_the_number_of_instructions_is_far_above_that_of_a_large_model() -> None:
    """A BERT of 24 layers has 400 tensors of some 30 instructions each."""
    file = io.BytesIO(table(*[tensor()] * 400))
    assert len(list(pickletools.genops(file))) * 10 < torch_pickle.MOST_INSTRUCTIONS

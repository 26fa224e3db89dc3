"""The header of a safetensors file is compared with the file, before anything of a size in it is set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.own_seconds import at_most

from sentiment.model import safetensors_file


def entry(begin: int = 0, end: int = 24, shape: Any = (2, 3), kind: Any = "F32") -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def write(folder: Path, header: Any, data: bytes = bytes(24), length: int | None = None) -> Path:
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes((len(written) if length is None else length).to_bytes(8, "little") + written + data)
    return path


def test_what_a_library_wrote_is_plain(data: Path, tmp_path: Path) -> None:
    for name in ("bert-safetensors", "albert-safetensors", "gpt2"):
        safetensors_file.require_plain(data / name / "model.safetensors")
    two = {"__metadata__": {"format": "pt"}, "b": entry(8, 24, (4,)), "a": entry(0, 8, (2,)), "c": entry(8, 8, (0,))}
    safetensors_file.require_plain(write(tmp_path, two))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"[]", "it is no JSON object"),
        (b"{", "it is no JSON object: "),
        (b'{"a":' * 200_000, "nests its values too deeply"),
        (b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,24]}}', "it has NaN for a number"),
        (b'{"a":' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b"\xff", "can't decode byte"),
        (b'{"a":' + json.dumps(entry()).encode() + b',"a":' + json.dumps(entry()).encode() + b"}", "a name twice"),
        ({"a": 1}, "its 'a' has the kind 'None'"),
        ({"a": entry(kind="F4")}, "has the kind 'F4', which is none of F64"),
        ({"a": entry(kind=["F32"])}, "which is none of"),
        ({"a": entry(shape=[2.0, 3])}, "a shape or offsets that are none"),
        ({"a": entry(shape=[-2, -3])}, "a shape or offsets that are none"),
        ({"a": entry(shape=[True, 6])}, "a shape or offsets that are none"),
        ({"a": entry(shape=[1] * 9)}, "a shape or offsets that are none"),
        ({"a": entry(shape=[1 << 62, 1 << 62])}, "has 24 bytes, not the"),
        ({"a": entry(shape=[1 << 28])}, "has 24 bytes, not the 1,073,741,824 of F32"),
        ({"a": entry(24, 0)}, "has -24 bytes"),
        ({"a": entry(4, 28)}, "begins at byte 4, not at 0"),
        ({"a": entry(0, 40, (10,))}, "its tensors have 40 bytes, and the file has 24"),
        ({"a": entry(0, 16, (4,)), "b": entry(8, 24, (4,))}, "'b' begins at byte 8, not at 16"),
        ({"a": entry(0, 8, (2,)), "b": entry(16, 24, (2,))}, "'b' begins at byte 16, not at 8"),
        ({"a": entry(0, 8, (2,))}, "its tensors have 8 bytes, and the file has 24"),
        ({}, "its tensors have 0 bytes"),
        ({"a": entry(), "__metadata__": {"format": 1}}, "__metadata__ holds more than texts"),
        ({f"t{number}": entry(0, 0, (0,)) for number in range(20_001)}, "it has 20,001 tensors, more than 20,000"),
    ],
)
def test_a_header_that_is_not_the_files_is_one_line_at_once(tmp_path: Path, header: Any, reason: str) -> None:
    path = write(tmp_path, header)
    with at_most(1), pytest.raises(ValueError, match=reason) as raised:
        safetensors_file.require_plain(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("length", [33 << 20, (1 << 63) + 1, 10_000])
def test_a_header_longer_than_its_file_or_than_any_is_not_read(tmp_path: Path, length: int) -> None:
    path = write(tmp_path, {"a": entry()}, length=length)
    if length > 10_000:
        with path.open("r+b") as file:
            file.truncate(34 << 20)  # a hole, which takes no room on the disk
    with pytest.raises(ValueError, match=f"its header has {length:,} bytes, more than"):
        safetensors_file.require_plain(path)

"""gzip, read as far as it goes."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.formats import unpack
from sentiment.data.formats.unpack import Unpacked


def read(packed: bytes) -> tuple[bytes, str]:
    raw = Unpacked(io.BytesIO(packed))
    return io.BufferedReader(raw, 1000).read(), raw.broken


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 3))
def test_every_member_is_unpacked_and_padding_is_left_out(members: list[bytes], padding: int) -> None:
    packed = b"".join(map(gzip.compress, members)) + b"\0" * padding
    assert read(packed) == (b"".join(members), "")


@given(st.binary(min_size=1, max_size=2_000), st.data())
def test_a_cut_file_gives_what_it_has_and_says_so(content: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(content)
    found, broken = read(packed[: data.draw(st.integers(2, len(packed) - 1))])
    assert content.startswith(found)
    assert broken == "the gzip file is cut off"


@pytest.mark.parametrize("at", [3, 30, -6, -2])
def test_broken_data_is_told(at: int) -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 40))
    packed[at] ^= 0xFF
    assert "gzip" in read(bytes(packed))[1]


def test_what_follows_the_last_member_is_told() -> None:
    assert read(gzip.compress(b"text") + b"more") == (b"text", "broken gzip data")
    assert read(gzip.compress(b"text") + b"\x1f") == (b"text", "the gzip file is cut off")


def test_a_bomb_is_stopped_and_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "RATIO_COUNTS_FROM", 1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(40)) + packer.flush()
    raw = Unpacked(io.BytesIO(bomb))
    reader, total = io.BufferedReader(raw, 1 << 16), 0
    tracemalloc.start()
    while piece := reader.read(1 << 16):
        total += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert raw.broken == "the gzip file unpacks to more than 200 times its size"
    assert total < 20 << 20
    assert peak < 1 << 20


@given(st.binary(max_size=300))
def test_any_bytes_end(content: bytes) -> None:
    found, broken = read(b"\x1f\x8b" + content)
    assert broken or found is not None

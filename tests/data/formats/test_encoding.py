"""The encoding of a file, found from its first bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.formats.encoding import BIG5, GB18030, UTF_8, AsUtf8, Encoding, detect
from sentiment.data.formats.record import UnreadableFile

POSTS = "text\tlabel\n推:這家店的牛肉麵真的好吃,湯頭很濃\t0\n噓:等了四十分鐘還送錯\t1\n回:請問週末要訂位嗎?\t2\n"
SIMPLIFIED = "text\tlabel\n这家店的牛肉面真的好吃,汤头很浓\t0\n等了四十分钟还送错,服务态度很差\t1\n"


def read(content: bytes, encoding: Encoding) -> str:
    return io.BufferedReader(AsUtf8(io.BytesIO(content), encoding)).read().decode()


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (POSTS, "utf-8", "UTF-8"),
        (POSTS, "utf-8-sig", "UTF-8 with BOM"),
        (POSTS, "utf-16", "UTF-16 LE"),
        (POSTS, "utf-16-le", "UTF-16 LE"),
        (POSTS, "utf-16-be", "UTF-16 BE"),
        ("\ufeff" + POSTS, "utf-16-be", "UTF-16 BE"),
        (POSTS, "utf-32", "UTF-32 LE"),
        (POSTS, "cp950", "Big5"),
        (POSTS, "big5", "Big5"),
        ("text\tlabel\n好吃\t0\n", "big5", "Big5"),
        (SIMPLIFIED, "gb18030", "GB 18030"),
        (SIMPLIFIED, "gbk", "GB 18030"),
        ('[{"text": "好吃", "label": 0}]', "utf-16-le", "UTF-16 LE"),
        ("text\tlabel\ngood\t0\n", "ascii", "UTF-8"),
        ("", "ascii", "UTF-8"),
    ],
)
def test_an_encoding_is_found_and_read(text: str, codec: str, name: str) -> None:
    content = text.encode(codec)
    encoding = detect(content)
    assert encoding.name == name
    assert read(content, encoding) == text.removeprefix("\ufeff")


def test_a_few_broken_bytes_do_not_make_a_file_big5() -> None:
    broken = POSTS.encode() + "大五碼的一行在這裡\t1\n".encode("big5") + "斷字".encode()[:-1] + b"\t1\n"
    assert detect(broken) == UTF_8
    assert detect(b"text\tlabel\n" + "好吃".encode()[:-1] + b"\t0\n") == UTF_8


def test_a_few_broken_lines_leave_a_file_big5() -> None:
    assert detect(POSTS.encode("big5") * 10 + b"\xa4\xff\t1\n") == BIG5


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_character_cut_by_the_end_of_the_sample_breaks_nothing(cut: int) -> None:
    assert detect(POSTS.encode("big5")[:-cut]) == BIG5
    assert detect(SIMPLIFIED.encode("gbk")[:-cut]) == GB18030
    assert detect(POSTS.encode()[:-cut]) == UTF_8


def test_what_is_no_character_stays_no_character() -> None:
    translated = io.BufferedReader(AsUtf8(io.BytesIO(b"\xa6n\n\xa4\xff\n\xa6Y\n"), BIG5)).read()
    lines = translated.split(b"\n")
    assert (lines[0].decode(), lines[2].decode()) == ("好", "吃")
    with pytest.raises(UnicodeDecodeError):
        lines[1].decode()


@given(st.binary(max_size=200), st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "cp950", "gb18030"]))
def test_any_bytes_are_translated(content: bytes, codec: str) -> None:
    translated = io.BufferedReader(AsUtf8(io.BytesIO(content), Encoding("any", codec))).read()
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            translated.decode()
    else:
        assert translated.decode() == text


@given(st.binary(max_size=400))
def test_any_bytes_have_an_encoding(content: bytes) -> None:
    try:
        assert detect(content).name
    except UnreadableFile as reason:
        assert "deliver UTF-8" in str(reason)

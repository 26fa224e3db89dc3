"""The encoding of a file, found from its first bytes."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.formats import big5
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


BIG5_HKSCS = "text,label\n呢間茶餐廳啲嘢好好食,0\n個侍應好惡,以後唔會再嚟,1\n喺旺角地鐵站出口,2\n"
KOREAN = "text,label\n정말 맛있어요 다시 오고 싶어요,0\n서비스가 별로예요,1\n"
JAPANESE = "text,label\nとても美味しいラーメンでした,0\n店員の態度が悪い,1\n"


def test_big5_is_read_as_people_have_it() -> None:
    assert read(BIG5_HKSCS.encode("big5hkscs"), detect(BIG5_HKSCS.encode("big5hkscs"))) == BIG5_HKSCS
    kana = b"text,label\r\n\xc2A\xc7U\xa8\xfd\xa9\xd4\xc4\xd1\xab\xdc\xa6n\xa6Y,0\r\n\xb2\xc4\xc6\xa1\xa6\xb8,1\r\n"
    assert read(kana, detect(kana)).splitlines() == ["text,label", "鮮の味拉麵很好吃,0", "第①次,1"]


def test_big5s_table_is_the_encoding_standards() -> None:
    """The digest is that of index-big5.txt of 2024-09-18: each pair of bytes in hexadecimal, and its character."""
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    table = ""
    for pair in [bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in trails]:
        with contextlib.suppress(UnicodeDecodeError):
            if len(read := pair.decode(big5.NAME)) == 1:  # four pairs stand for a letter with an accent behind it
                table += f"{pair.hex()}{read}"
    digest = "bbeeb20cddea09b42b18c295d40804990ae287835311de101a2410b7c95b7e06"
    assert hashlib.sha256(table.encode()).hexdigest() == digest


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_big5_is_the_same_in_pieces(size: int) -> None:
    text = "嘢の①ㄅ€～碁㡵" * 3
    content = text.translate({ord("㡵"): None}).encode("big5hkscs", "ignore") + b"\x87\x7a"
    decoder = codecs.getincrementaldecoder(big5.NAME)()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    assert "".join(map(decoder.decode, pieces)) + decoder.decode(b"", True) == content.decode(big5.NAME)


@pytest.mark.parametrize(
    ("text", "codec"),
    [(KOREAN, "euc_kr"), (KOREAN, "cp949"), (JAPANESE, "euc_jp"), (JAPANESE, "cp932"), ("text\n好\n", "gbk")],
)
def test_what_is_not_certain_is_refused_and_says_what_it_could_be(text: str, codec: str) -> None:
    with pytest.raises(UnreadableFile, match=r"not certain, could be .*, could be .*: deliver UTF-8"):
        detect(text.encode(codec))


def test_a_short_text_is_never_taken_for_another() -> None:
    assert detect("text,label\n服务非常好,0\n".encode("gbk")) == GB18030
    for word in ("料理最高", "美味", "맛있어", "おいしい"):
        for codec in ("cp932", "euc_jp", "euc_kr"):
            try:
                content = f"text,label\n{word},0\n".encode(codec)
            except UnicodeEncodeError:
                continue
            with pytest.raises(UnreadableFile):
                detect(content)


def test_utf_16_without_a_mark_is_known_by_its_characters() -> None:
    assert detect("好吃\n難吃\n".encode("utf-16-le")).name == "UTF-16 LE"
    assert detect("好吃\n難吃\n".encode("utf-16-be")).name == "UTF-16 BE"


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


@given(st.binary(max_size=200), st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", big5.NAME, "gb18030"]))
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
        assert "deliver UTF-8" in str(reason) or "save it with LF" in str(reason)

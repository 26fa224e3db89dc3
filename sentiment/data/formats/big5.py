"""Big5 as people have it: cp950, Hong Kong's supplement, and ETEN's kana and symbols, as one codec for reading.

The mapping is that of the WHATWG Encoding Standard (https://encoding.spec.whatwg.org/index-big5.txt, of 2024-09-18).
Python's cp950 knows most of it, Python's big5hkscs the supplement and ETEN's block; `EXTRA` holds what neither has.
"""

from __future__ import annotations

import codecs

NAME = "sentiment-big5"
_CP950_ERRORS = "sentiment.big5"
# The first character's code, and the characters from there on.
EXTRA = {
    0x877A: "㡵𡵓𣚞𦀡㻬",
    0x87A1: "𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌",
    0x87B9: "篅枂稬剏遆㓦珄𥶹瓆鿇垳䤯呌䄱𣚎堘穲𧭥讏䚮𦺈䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋",
    0x8E69: "箸",
    0x8E6F: "簆",
    0x8E7E: "糎",
    0x8EAB: "緒",
    0x8EB4: "縝",
    0x8ECD: "者",
    0x8ED0: "耨",
    0x8F57: "菁",
    0x8F69: "蒨",
    0x8F6E: "萏",
    0x8FCB: "覦覩",
    0x8FFE: "起",
    0x906D: "都",
    0x907A: "銹",
    0x90DC: "靜",
    0x90F1: "響",
    0x91BF: "鼖",
    0x9244: "蔃",
    0x92AF: "兙兛兝兞",
    0x92C8: "鍮",
    0x92D1: "瑹",
    0x9447: "浧",
    0x94CA: "禛",
    0x95D9: "邗",
    0x9644: "靝",
    0x96ED: "瀞",
    0x96FC: "嬨",
    0x9B76: "爁",
    0x9B78: "矗",
    0x9B7B: "纇",
    0x9BC6: "駖",
    0x9BDE: "釔",
    0x9BEC: "惞",
    0x9BF6: "澶",
    0x9C42: "輶",
    0x9C53: "侻",
    0x9C62: "營",
    0x9C68: "鄄",
    0x9C6B: "鷰",
    0x9C77: "菏",
    0x9CBC: "尐秣",
    0x9CD0: "婧",
    0x9D57: "輋",
    0x9D5A: "筑",
    0x9DC4: "拐",
    0x9EA9: "恢",
    0x9EEF: "痹",
    0x9EFD: "汊",
    0x9F60: "鬮",
    0x9F66: "鼗",
    0x9FCB: "僭",
    0x9FD8: "弌",
    0xA063: "蠏",
    0xA077: "拎",
    0xA0D5: "瑨",
    0xA0DF: "煢",
    0xA0E4: "牐",
    0xA3C0: "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡",
    0xC6CF: "廴",
    0xC6D3: "无",
    0xC6D5: "癶",
    0xC6D7: "隶",
    0xC6DE: "〃仝",
    0xFA5F: "倩",
    0xFA66: "偽",
    0xFABD: "包",
    0xFAC5: "卄",
    0xFAD5: "卿",
    0xFB48: "嘅",
    0xFBB8: "婷",
    0xFBF3: "幵",
    0xFBF9: "廐",
    0xFC4F: "彘",
    0xFC6C: "悤",
    0xFCB9: "撐",
    0xFCE2: "晴",
    0xFCF1: "杞",
    0xFDB7: "沜渝",
    0xFDBB: "港",
    0xFDF1: "煮",
    0xFE52: "猪",
    0xFE6F: "瑜",
    0xFEAA: "瓩",
    0xFEDD: "砉",
}
_PAIRS = {code + place: character for code, run in EXTRA.items() for place, character in enumerate(run)}
_TRAILS = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
_ASCII_END = 0x80


def _of_pair(pair: bytes) -> str | None:
    if len(pair) < 2:
        return None
    known = _PAIRS.get(int.from_bytes(pair, "big"))
    if known is not None:
        return known
    try:
        return pair.decode("big5hkscs")
    except UnicodeDecodeError:
        return None


def _corrections() -> dict[int, str]:
    """Returns what cp950 reads otherwise: ETEN's block in C6 and C7, and one sign; none has another source in it."""
    found = {}
    for pair in [bytes([lead, trail]) for lead in (0xC6, 0xC7) for trail in _TRAILS] + [b"\xf9\xfe"]:
        right = _of_pair(pair)
        try:
            read = pair.decode("cp950")
        except UnicodeDecodeError:
            continue
        if right is not None and right != read:
            found[ord(read)] = right
    return found


_CORRECTIONS = _corrections()
# What the supplement gives is put past the corrections: a character that is right must not be corrected.
_KEPT = {ord(right): chr(0xF0000 + number) for number, right in enumerate(map(chr, _CORRECTIONS))}
_TABLE = {**_CORRECTIONS, **{ord(mark): chr(right) for right, mark in _KEPT.items()}}


def _supplement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    read = _of_pair(error.object[error.start : error.start + 2])
    if read is None:
        raise error
    return read.translate(_KEPT), error.start + 2


def _supplement_or(errors: str) -> str:
    """Returns the name of an error handler that looks into the supplement, and then does what `errors` says."""
    if errors == "strict":
        return _CP950_ERRORS
    name = f"{_CP950_ERRORS}.{errors}"
    otherwise = codecs.lookup_error(errors)

    def handle(error: UnicodeError) -> tuple[str | bytes, int]:
        try:
            return _supplement(error)
        except UnicodeDecodeError:
            return _one_byte(error, otherwise)

    codecs.register_error(name, handle)
    return name


def _one_byte(error: UnicodeError, otherwise: object) -> tuple[str | bytes, int]:
    """Gives up a lead byte alone when what follows is ASCII: a delimiter, a quote or a line's end is not swallowed."""
    assert isinstance(error, UnicodeDecodeError) and callable(otherwise)
    following = error.object[error.start + 1 : error.start + 2]
    size = 1 if following and following[0] < _ASCII_END else error.end - error.start
    answer: tuple[str | bytes, int] = otherwise(
        UnicodeDecodeError(error.encoding, error.object, error.start, error.start + size, error.reason)
    )
    return answer


def decode(content: bytes, errors: str = "strict") -> tuple[str, int]:
    """Returns the text, and how many bytes it was made of. Raises: UnicodeDecodeError."""
    return bytes(content).decode("cp950", _supplement_or(errors)).translate(_TABLE), len(content)


class _Incremental(codecs.IncrementalDecoder):
    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._decoder = codecs.getincrementaldecoder("cp950")(_supplement_or(errors))

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]
        return self._decoder.decode(content, final).translate(_TABLE)

    def reset(self) -> None:
        self._decoder.reset()


def _no_encoding(text: str, errors: str = "strict") -> tuple[bytes, int]:
    raise NotImplementedError(f"{NAME} only reads; errors={errors!r} for {len(text)} characters")


def _search(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != NAME:
        return None
    return codecs.CodecInfo(_no_encoding, decode, incrementaldecoder=_Incremental, name=NAME)  # type: ignore[arg-type]


codecs.register_error(_CP950_ERRORS, _supplement)
codecs.register(_search)

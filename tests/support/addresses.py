"""Addresses as strangers write them, and a mail program that makes links of whatever looks like one."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from sentiment.text.defanged import CHINESE, FILES, SCHEMES

# What a generous mail program makes a link of. Every name with a dot counts, whether its ending exists or not.
FILE = rf"(?:{'|'.join(FILES.split())})(?![a-z0-9_-])"
LINKS = [
    re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE),
    re.compile(r"https?:", re.IGNORECASE),
    re.compile(rf"\b(?:{'|'.join(SCHEMES.split())}):[\w/+]", re.IGNORECASE | re.ASCII),
    re.compile(r"www\.[^\W_]", re.IGNORECASE),
    re.compile(r"[\w.%+-]+@[\w-]+\.\w"),
    re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9]"),
    re.compile(r"(?<!\d)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d)", re.ASCII),
    re.compile(rf"[a-z0-9-]\.(?!{FILE})(?:[a-z]|xn--)[a-z0-9-]*", re.IGNORECASE | re.ASCII),
    re.compile(r"[^\W\d_]\.[^\W\d_a-zA-Z]"),  # names and endings of other alphabets
    re.compile(rf"[^\x00-\x7f\s]\.(?!{FILE})[^\W\d_]", re.IGNORECASE),  # marks and emoji
    re.compile(r"[a-z0-9-]\.[\u0300-\u036f\u200d\ufe00-\ufe0f]+[a-z]", re.IGNORECASE),
    re.compile(r"[a-z0-9-][。．｡][a-z]", re.IGNORECASE),
    re.compile(rf"\d\.(?:{'|'.join(CHINESE.split())})\b"),
]
WORDS = (
    "evil www example com 中国 好 user xn--fiqs8s tsv json 163 192.0.2.1 3.5 a 😀 http https HTTP ftp hxxp mailto tel"
)
SIGNS = ": / // :// :/ . .. 。 ． ｡ @ [ ] [.] [at] ( < > & ? # = % + - _ ~ ' , ，"
PIECES = st.sampled_from([*WORDS.split(), *SIGNS.split(), "\u0301", "\u200d", "\ufe0f", "\\", '"', " "])
ADDRESSES = [
    "evil.example",
    "evil.example/login?x=1.2#a",
    "https://evil.example/login",
    "HTTP://EVIL.EXAMPLE:8080",
    "看http://t.cn/Rabc轉",
    "www.163.com",
    "www.evil",
    "163.com",
    "ftp://192.0.2.1/x",
    "192.0.2.1:8080/login",
    "boss@evil.example",
    '"a b"@evil.example',
    "請寫信到boss@evil.example謝謝",
    "使用者@例子.中国",
    "例子.中国",
    "163.中国",
    "evil。com",
    "evil．com",
    "mailto:boss@evil.example",
    "tel:+886223456789",
    "javascript:alert(1)",
    "evil\u0301.example",
    "evil.\ufe0fexample",
    "❤.ws",
    "xn--fiqs8s.xn--fiqs8s",
    "hxxp://evil.example",
    "report.json.evil.example",
    "model.zip README.md",
    "http[://evil.example",
]


def links_in(text: str) -> list[str]:
    return [found[0] for link in LINKS for found in link.finditer(text)]

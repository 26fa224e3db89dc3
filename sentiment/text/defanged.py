"""Addresses that strangers wrote, so that no mail program makes links of them, and everybody sees what was done.

`https://evil.example/x` becomes `hxxps[://]evil[.]example/x`, `ann@evil.example` becomes `ann[at]evil[.]example`. Mail
programs also make links of bare names such as `evil.example`; which ones depends on the program and its age, so that
any name with a dot counts. Numbers such as 3.5, Chinese text and the names of files stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Endings of file names that are no top-level domain: messages name files, and no program makes a link of `gate.json`.
FILES = "cfg config csv docx gz h5 html ini json jsonl lock log ndjson parquet pb pdf png sqlite toml tsv txt xlsx yaml"
# Schemes that need no slashes. Those with slashes are known by them.
SCHEMES = "mailto tel sms callto skype sip sips xmpp facetime data javascript vbscript file magnet news geo urn intent"
# Behind a number with a dot, Chinese is an item of a list (1.首先), unless it is the name of a country or the like.
CHINESE = "中国 中國 台湾 台灣 香港 澳門 澳门 新加坡 公司 网络 網路 网址 網址 网站 商城 商店 网店 在线 中文网 集团 手机"
# Of a list's item, digits stand in front that are no end of a name: a24 is one, and 看24 is not.
_ITEM = "|".join(
    rf"(?<=(?<!-)(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])\d{{{digits}}}\.)" for digits in range(1, 5)
)

_HTTP = re.compile(r"http(?=s?:)", re.IGNORECASE)
_SLASHES = re.compile(r"(?<!\[)://")
_SCHEME = re.compile(rf"(?<![A-Za-z])({'|'.join(SCHEMES.split())}):(?=[!-Z\\-~])", re.IGNORECASE)
_AT = re.compile(
    r"""
      (?<=[A-Za-z0-9._%+"'-]) @ (?=[A-Za-z0-9])
    | (?<=\S) @ (?=[\w.-]*[\w-]\.\w)  # in Chinese, @ also mentions somebody: then no name with a dot follows
    """,
    re.VERBOSE,
)
_NUMBERED = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3,}(?!\d)")  # 192.0.2.1
_DOT = re.compile(
    rf"""
      (?:(?<=[0-9A-Za-z_-])|(?<=[^\x00-\x7f\s]))  # what a name can end with, marks and emoji too
      \.
      (?=[^\W_]|[\u0300-\u036f\u200d\ufe00-\ufe0f])
      (?!(?<=\d\.)\d)  # a number
      (?!(?:{_ITEM})[^\W\x00-\x7f])  # an item of a list
      (?!(?:{"|".join(FILES.split())})(?![0-9A-Za-z_-]|\.[0-9A-Za-z]))  # a file
    | (?<=www)\.(?=[^\W_])
    | (?<=\d)\.(?=(?:{"|".join(CHINESE.split())})(?!\w))
    | (?<=[0-9A-Za-z-])[。．｡](?=[A-Za-z])  # a browser takes these for dots
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLICKABLE = re.compile(r"https?://|www\.", re.IGNORECASE)
_FOLD = re.compile(r"::(?=(?:end)?group::)", re.IGNORECASE)  # Airflow's page of the log folds what stands between
# What may follow an address of ours. With anything else before an `@`, all of it would be the name of a user at another
# host; and of white space, browsers take less than Python for it.
_ENDS = re.compile(r"[/?#]|[.,:;)'\"]*(?:[ \t\r\n]|\Z)")


def defanged(text: str) -> str:
    """Returns `text` without anything that a mail program makes a link of; done twice, it is the same."""
    text = _SLASHES.sub("[://]", _HTTP.sub("hxxp", text))
    text = _AT.sub("[at]", _SCHEME.sub(r"\1[:]", text))
    text = _NUMBERED.sub(lambda found: found[0].replace(".", "[.]"), text)
    return _DOT.sub(lambda found: f"[{found[0]}]", text)


def unlinked(text: str, own: Sequence[str] = ()) -> str:
    """Returns a line of a log without what Airflow's page of the log makes a link of, but for our `own` addresses.

    Nor does it begin or end a group of lines, which that page folds away.

    That page knows only `http://`, `https://` and `www.`: all else stays, since people search logs for it.
    """

    def broken(found: re.Match[str]) -> str:
        here = found.start()
        if any(text.startswith(one, here) and _ENDS.match(text, here + len(one)) for one in own):
            return found[0]
        return "www[.]" if found[0].endswith(".") else _SLASHES.sub("[://]", _HTTP.sub("hxxp", found[0]))

    return _FOLD.sub(": :", _CLICKABLE.sub(broken, text))

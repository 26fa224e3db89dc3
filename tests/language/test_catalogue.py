"""The catalogue of translations: every sentence of the code is in it, and nothing else."""

from __future__ import annotations

import io
import re
import runpy
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from sentiment.language.catalogue import ENGLISH, LANGUAGES, sentences, translations
from sentiment.language.patterns import PLACEHOLDER
from sentiment.settings import CHECKOUT

MAKER: dict[str, Any] = runpy.run_path(str(CHECKOUT / "docs" / "make_catalogue.py"))
TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]
# Words that are said otherwise in Taiwan, or that the glossary says otherwise: 隔離, 試行版, 回復前一版.
NOT_SO = ("檢疫", "金絲雀", "回滾", "數據", "信息", "默認", "用戶", "文件夾", "軟件")
SIMPLIFIED = re.compile("[这们说为发与个来过对时应该实现标签数据类]")


def catalogue(language: str) -> Catalog:
    path: Path = MAKER["path_of"](language)
    return read_po(io.BytesIO(path.read_bytes()), language.replace("-", "_"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_has_every_sentence_of_the_code_and_no_other(language: str) -> None:
    in_code = {one if isinstance(one, str) else one[0] for one in MAKER["messages"]()}
    known = {one.id if isinstance(one.id, str) else one.id[0] for one in catalogue(language) if one.id}
    assert known == in_code, "run `make catalogue`, and translate what is new"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated_with_the_same_placeholders(language: str) -> None:
    wrong = []
    for message in catalogue(language):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[-1]
        for said in [message.string] if isinstance(message.string, str) else message.string or [""]:
            if not said or message.fuzzy or names(said) != names(english):
                wrong.append((english, said))
    assert not wrong


def names(sentence: str) -> set[str]:
    return {match[1] for match in PLACEHOLDER.finditer(sentence)}


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_gettext_reads_is_compiled_from_the_catalogue(language: str) -> None:
    compiled = GNUTranslations(io.BytesIO(MAKER["as_mo"](catalogue(language))))
    read = translations(language)
    assert isinstance(read, GNUTranslations)
    assert without_header(read) == without_header(compiled), "run `make catalogue`"


def without_header(catalogue: GNUTranslations) -> dict[Any, str]:
    """What gettext holds, but for the date on which it was compiled."""
    return {key: said for key, said in vars(catalogue)["_catalog"].items() if key}


def test_chinese_is_taiwans_and_keeps_to_the_glossary() -> None:
    said = sentences("zh-TW")
    assert not [one for one in said.items() if SIMPLIFIED.search(one[1]) or any(word in one[1] for word in NOT_SO)]

"""In which language, and on which ground, a reader reads the Models page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import models_page_homes as homes

PAGE = "/sentiment/models"


def root_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.text).split("\n", 2)[1]


def test_the_setting_says_the_language_until_the_reader_does(
    site: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.whole_home(home)
    with site.client() as reader:
        assert root_of(reader.get(f"{PAGE}/")) == '<html lang="en">'
        monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
        assert root_of(reader.get(f"{PAGE}/")) == '<html lang="zh-Hant">'
        chosen = reader.get(f"{PAGE}/?event=published&language=en&version=2")
        assert (chosen.status_code, chosen.headers["location"]) == (303, f"{PAGE}/?event=published&version=2")
        assert "httponly" in chosen.headers["set-cookie"].lower() and f"Path={PAGE}" in chosen.headers["set-cookie"]
        assert root_of(reader.get(f"{PAGE}/versions/2")) == '<html lang="en">'


def test_what_airflow_has_is_what_the_page_has(site: Any, home: Path) -> None:
    homes.whole_home(home)
    with site.client() as reader:
        reader.cookies.set("sentiment_airflow", "zh-TW.dark")
        assert root_of(reader.get(f"{PAGE}/")) == '<html lang="zh-Hant" data-theme="dark">'
        reader.cookies.set("sentiment_language", "en")
        assert root_of(reader.get(f"{PAGE}/")) == '<html lang="en" data-theme="dark">'


@pytest.mark.parametrize("told", ["", ".", "fr.purple", '"><script>.dark<', "zh-TW", "é.light", "." * 5000])
def test_a_cookie_that_says_nothing_known_is_passed_over(site: Any, home: Path, told: str) -> None:
    homes.whole_home(home)
    cookie = f"_token={site.token('ann')}; sentiment_airflow={told}".encode()
    with site.client(None) as reader:
        said = root_of(reader.get(f"{PAGE}/", headers={"cookie": cookie}))
    assert said in ('<html lang="en">', '<html lang="zh-Hant">', '<html lang="en" data-theme="light">')


def test_a_language_that_there_is_none_of_changes_nothing(site: Any, home: Path) -> None:
    homes.whole_home(home)
    with site.client() as reader:
        answer = reader.get(f"{PAGE}/?language=tlh")
        assert root_of(answer) == '<html lang="en">' and "set-cookie" not in answer.headers


def test_every_page_offers_the_other_languages_where_its_address_leads(site: Any, home: Path) -> None:
    homes.whole_home(home)
    with site.client("bob") as reader:
        assert f'href="{PAGE}/versions/2?language=zh-TW"' in reader.get(f"{PAGE}/versions/2").text
        assert f'href="{PAGE}/?version=2&amp;language=zh-TW"' in reader.get(f"{PAGE}/?version=2").text
        form = reader.post(f"{PAGE}/try", data={"sentences": ""}, headers={"sec-fetch-site": "same-origin"})
        assert f'href="{PAGE}/?language=zh-TW"' in form.text, "a form's answer cannot be asked for again"

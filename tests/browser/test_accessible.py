"""Everybody can read the Models page: narrow and wide, on light and dark ground, in both languages, without seeing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from sentiment.demo.stack import USER

pytest.importorskip("playwright.sync_api", reason="playwright is not in this environment")
from axe_playwright_python.sync_playwright import Axe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: install it to look at the pages"),
]
PAGES = (
    "",
    "versions/1",
    "versions/2",
    "versions/2/report",
    "compare?a=1&b=2",
    "versions/99",
    "?event=published",
)
WIDTHS, SCHEMES, LANGUAGES = (1280, 390), ("light", "dark"), {"en": "en", "zh-TW": "zh-Hant"}
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 27)"}
LogIn = Callable[[], None]


def faults(page: Any) -> list[str]:
    """What axe-core finds on the page that keeps somebody from using it: rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {one['id']} ({one['help']}): {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.fixture
def reader(browser: Any, days: Any) -> Iterator[Callable[..., Any]]:
    """Opens a window for somebody who has logged in, on a ground and in a language."""
    contexts = []

    def open_for(width: int, scheme: str, language: str) -> Any:
        context = browser.new_context(
            base_url=days.api.address, viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        context.set_default_timeout(120_000)
        who = {"username": USER, "password": days.password}
        token = context.request.post("/auth/token", data=who).json()["access_token"]
        context.add_cookies([{"name": "_token", "value": token, "url": days.api.address}])
        window = context.new_page()
        window.goto(f"/sentiment/models/?language={language}")
        return window

    yield open_for
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "scheme", "language"), [*product(WIDTHS, SCHEMES, LANGUAGES)])
def test_axe_finds_nothing_serious(reader: Any, width: int, scheme: str, language: str) -> None:
    window = reader(width, scheme, language)
    found = []
    for path in PAGES:
        window.goto(f"/sentiment/models/{path}")
        root = window.locator("html")
        assert root.get_attribute("lang") == LANGUAGES[language], "the choice is remembered"
        assert window.evaluate("getComputedStyle(document.body).backgroundColor") == GROUND[scheme]
        assert window.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than the window"
        found += faults(window)
    assert not found


def test_the_page_in_airflow_has_its_language_and_its_theme(page: Any, days: Any, log_in: LogIn) -> None:
    page.goto("/dags")
    log_in()
    page.evaluate("localStorage.setItem('theme', 'dark'); localStorage.setItem('i18nextLng', 'zh-TW')")
    page.goto("/plugin/models")
    root = page.frame_locator("iframe[title=Models]").locator("html")
    root.wait_for()
    page.wait_for_function("document.documentElement.classList.contains('dark')")
    assert root.get_attribute("lang") == "zh-Hant"
    ground = "document.querySelector('iframe').contentDocument.body"
    assert page.evaluate(f"getComputedStyle({ground}).backgroundColor") == GROUND["dark"]

"""The pages in a real browser: light, dark, and on a phone's width; with hostile words, and without any script."""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support import models_page_homes as homes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DARK = "--blink-settings=preferredColorScheme=0"
PAGE = "/sentiment/models"
# A page of the tests' own around the page, as wide as a phone, that measures it; the page itself can run nothing.
AROUND = """<!DOCTYPE html>
<style>body {{ margin: 0 }} iframe {{ border: 0; width: {width}px; height: {height}px }}</style>
<iframe src="{path}"></iframe><pre></pre><script>
document.querySelector("iframe").onload = event => {{
  const found = {{ reached: true }}
  try {{
    const inside = event.target.contentWindow, root = inside.document.documentElement
    const style = inside.getComputedStyle(inside.document.body)
    Object.assign(found, {{
      needed: root.scrollWidth, given: root.clientWidth, background: style.backgroundColor, widest: style.maxWidth,
      pictures: [...inside.document.images].map(image => image.naturalWidth),
      title: inside.document.title, scripts: inside.document.scripts.length, hacked: Boolean(inside.hacked)
    }})
  }} catch (error) {{ found.reached = false }}
  found.hacked = Boolean(found.hacked || window.hacked)
  document.querySelector("pre").textContent = JSON.stringify(found)
}}
</script>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: install it to see the pages"),
]
Seen = dict[str, Any]


@pytest.fixture
def browse(site: Any, home: Path, tmp_path: Path, serve: Any) -> Iterator[Callable[..., Seen]]:
    """Opens a path of the page as ann, in a frame of that width; returns what was measured, and the picture."""
    cookie = f"_token={site.token('ann')}".encode()

    async def as_ann(scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].startswith("/around/"):
            await site.app({**scope, "headers": [*scope["headers"], (b"cookie", cookie)]}, receive, send)
            return
        width, height = scope["path"].split("/")[2:4]
        page = AROUND.format(width=width, height=height, path=html.escape(scope["query_string"].decode()))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": page.encode()})

    server, address = serve(as_ann)

    def open_page(path: str, width: int = 1200, height: int = 2000, *options: str) -> Seen:
        picture = tmp_path / "page.png"
        url = f"{address}/around/{width}/{height}?{PAGE}{path}"
        size = [f"--window-size={max(width, 500)},{height}", f"--screenshot={picture}", *options]
        chromium(tmp_path, *size, url)
        dom = chromium(tmp_path, "--virtual-time-budget=3000", "--dump-dom", *options, url)
        measured = re.search(r"<pre>(.*?)</pre>", dom, re.DOTALL)
        assert measured and measured[1], dom[:2000]
        return {**json.loads(html.unescape(measured[1])), "picture": picture}

    yield open_page
    server.should_exit = True


def chromium(folder: Path, *options: str) -> str:
    fixed = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
    ]
    command = [str(CHROMIUM), *fixed, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def size_of(picture: Path) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height


@pytest.mark.parametrize("path", ["/", "/versions/2", "/experiments/exp-1"])
def test_light_and_dark(home: Path, browse: Callable[..., Seen], path: str) -> None:
    homes.whole_home(home)
    light, dark = browse(path), browse(path, 1200, 2000, DARK)
    assert (light["background"], dark["background"]) == ("rgb(255, 255, 255)", "rgb(21, 23, 27)")
    assert light["widest"] == "1056px"  # the style sheet was let in by the page's own policy
    assert light["needed"] <= 1200 and size_of(dark["picture"]) == (1200, 2000)


@pytest.mark.parametrize("path", ["/", "/versions/2", "/?version=3", "/versions/99", "/experiments/exp-1"])
def test_a_phone_needs_no_sideways_scrolling(home: Path, browse: Callable[..., Seen], path: str) -> None:
    homes.whole_home(home, text="很長" * 200 + "x" * 300, why="w" * 300)
    seen = browse(path, 375, 1200)
    assert seen["given"] == 375 and seen["needed"] == 375


EVIL = "<script>top.hacked = 1</script><img src=x onerror='top.hacked = 1'><svg onload='top.hacked = 1'>"


@pytest.mark.parametrize("path", ["/", "/versions/3", f"/?who={quote(EVIL)}", "/experiments/exp-1"])
def test_hostile_words_run_nothing(home: Path, browse: Callable[..., Seen], path: str) -> None:
    homes.whole_home(home, text=EVIL, why=EVIL)
    seen = browse(path)
    assert not seen["hacked"] and seen["scripts"] == 0 and "sentiment" in seen["title"]


def test_the_pages_own_policy_lets_its_plot_in(home: Path, browse: Callable[..., Seen]) -> None:
    homes.whole_home(home)
    assert (browse("/experiments/exp-1")["pictures"], browse("/")["pictures"]) == ([3], [])


def test_a_report_runs_nothing_and_is_out_of_reach(home: Path, browse: Callable[..., Seen]) -> None:
    homes.whole_home(home)
    homes.write_run(home, "night-2", homes.results(), report=f"<title>report</title>{EVIL}")
    seen = browse("/versions/2/report/whole")
    assert not seen["hacked"] and not seen["reached"]
    around = browse("/versions/2/report", 375, 1200)
    assert not around["hacked"] and around["scripts"] == 0 and around["needed"] == 375


def test_who_is_not_logged_in_sees_the_way_in(site: Any) -> None:
    assert "Log in to Airflow" in httpx.get(f"{site.address}{PAGE}/", timeout=30).text

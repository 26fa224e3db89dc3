"""Every link and image of a page leads to a file, and every link to a heading finds it."""

from __future__ import annotations

import pytest
from support.pages import PAGES, ROOT, Page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Page) -> None:
    for link in page.links:
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in Page(target).anchors, link


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[str](), [ROOT / "README.md"]
    while waiting:
        page = Page(waiting.pop())
        if page.name not in reached and page.path.is_file():
            reached.add(page.name)
            links = (link.partition("#")[0] for link in page.links)
            waiting += [(page.path.parent / link).resolve() for link in links if link.endswith(".md")]
    assert {page.name for page in PAGES if page.name.startswith("docs/")} - reached == set()

"""A mail quotes strangers everywhere, and nothing in it is a link but our own."""

from __future__ import annotations

import html
import re

import pytest
from support.addresses import ADDRESSES, links_in

from sentiment.mail.letter import letter

OURS = "https://airflow:8080/dags/x"


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_part_of_a_mail_makes_a_link_of_what_it_quotes(address: str) -> None:
    post = f"好看！{address} 3.5 分"
    mail = letter(f"Sentiment: {post}", post, address, {"Posts": [post]}, {address: OURS}).with_note(post)
    body = mail.html[mail.html.index("<body>") :]
    assert re.findall(r'href="([^"]*)"', body) == [OURS] and OURS in mail.text
    shown = html.unescape(re.sub(r"<[^>]*>", " ", body))
    for part in (mail.subject, mail.text.replace(OURS, ""), shown):
        assert links_in(part) == [] and "3.5 分" in part

"""Finds what is still English in a mail that should be Chinese, be it a single word."""

from __future__ import annotations

import html
import re

from sentiment.mail.letter import Mail
from support.english_left import NAMES

WORD = re.compile(r"[A-Za-z]{2,}")
# Names and units that Chinese writes in Latin letters.
LATIN = {"Airflow", "Clear", "TensorFlow", "Serving", "RPC", "gRPC", "TLS", "Label", "Studio", "McNemar"}
UNITS = {"ms", "MB"}
BROKEN = re.compile(r"hxxps?\[://\]\S+?(?=[，：；。]|\s|$)")  # a stranger's address, which no program makes a link of


def shown(mail: Mail) -> str:
    """Returns all that a reader of the mail sees: the subject, the text, and the page without its tags."""
    return "\n".join([mail.subject, mail.text, seen(mail.html)])


def seen(page: str) -> str:
    """Returns a page without its head and its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "\n", page[page.index("<body>") :]))


def words_left(text: str, *allowed: str) -> list[str]:
    """Returns the English words in a text, but for names and for what is `allowed`, the longest first."""
    for name in sorted(allowed, key=len, reverse=True):
        text = text.replace(name, " · ")
    text = NAMES.sub(" · ", BROKEN.sub(" · ", text))
    return [word for word in WORD.findall(text) if word not in LATIN | UNITS]

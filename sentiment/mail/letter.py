"""A mail as text and as HTML: paragraphs, titled lists, tables, links. Standard library only."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sentiment.language import spoken, tr
from sentiment.language.catalogue import TAGS
from sentiment.text.harmless import html_text, safe_links, sentence

LONGEST_SUBJECT = 150
LONGEST_LINE = 1000
# The mail takes the width and the colours of the phone that shows it.
HEAD = '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'


@dataclass(frozen=True)
class Mail:
    """A mail: a subject of one line, and the body as text and as HTML.

    Of the mails with the same `cause`, only the first within a set time is sent (see `sentiment.mail.repeats`), or
    within `quiet`, if that is longer.
    """

    subject: str
    text: str
    html: str
    cause: str = ""
    quiet: timedelta = timedelta()

    def with_note(self, note: str) -> Mail:
        """Returns the mail with a sentence at its end."""
        end = self.html.rfind("\n</body>")
        html = f"{self.html[:end]}\n<p><em>{html_text(note, LONGEST_LINE)}</em></p>{self.html[end:]}"
        return replace(self, text=f"{self.text}\n{sentence(note, LONGEST_LINE)}\n", html=html)


def letter(
    subject: str,
    lead: str,
    run: str,
    sections: Mapping[str, Sequence[str]],
    links: Mapping[str, str],
    shown: Iterable[tuple[str, str]] = (),
) -> Mail:
    """Returns the mail that begins with the sentence `lead`; `shown` are parts as (text, HTML), inserted unchanged.

    All other text is made harmless. Sections without lines, and links that do not lead to a web page, are left out.
    """
    addresses, parts, told = (
        safe_links(links),
        list(shown),
        {title: lines for title, lines in sections.items() if lines},
    )
    text = [sentence(lead, LONGEST_LINE), tr("Run: {run}", run=sentence(run))]
    text += [_bullets(title, lines) for title, lines in told.items()]
    body = [
        f"<p><strong>{html_text(lead, LONGEST_LINE)}</strong></p>",
        f"<p>{tr('Run: {run}', run=html_text(run))}</p>",
    ]
    body += [_html_bullets(title, lines) for title, lines in told.items()]
    text += [as_text for as_text, _ in parts]
    text += [tr("{name}: {address}", name=sentence(name), address=address) for name, address in addresses.items()]
    body += [as_html for _, as_html in parts]
    body += [f'<p><a href="{html.escape(address)}">{html_text(name)}</a></p>' for name, address in addresses.items()]
    return Mail(
        subject=sentence(subject, LONGEST_SUBJECT),
        text="\n\n".join(text) + "\n",
        html=f'<!DOCTYPE html>\n<html lang="{TAGS[spoken()]}"><head>{HEAD}</head><body>\n'
        + "\n".join(body)
        + "\n</body></html>\n",
    )


def about(lead: str) -> str:
    """Returns the subject of a mail that is about what its lead says."""
    return tr("Sentiment: {lead}", lead=lead)


def together(first: str, second: str) -> str:
    """Returns two sentences as one text: a language sets them apart by a space, or by nothing."""
    return tr("{first} {second}", first=first, second=second)


def _bullets(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"- {sentence(line, LONGEST_LINE)}" for line in lines)])


def _html_bullets(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{html_text(line, LONGEST_LINE)}</li>" for line in lines)
    return f"<h3>{html_text(title)}</h3><ul>{items}</ul>"

"""A mail as text and as HTML: paragraphs, titled lists, whatever else it has to show, links. Standard library only."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sentiment.text.harmless import html_text, plain, safe_links

LONGEST_SUBJECT = 150
LONGEST_LINE = 1000
# As wide as the phone that shows it, and in its colours.
HEAD = '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'


@dataclass(frozen=True)
class Mail:
    """A mail: one line of subject, the body as text and as HTML.

    Of mails with the same `cause` only the first within a set time is sent (see `sentiment.mail.repeats`).
    """

    subject: str
    text: str
    html: str
    cause: str = ""

    def with_note(self, note: str) -> Mail:
        """Returns the mail with a sentence at its end."""
        end = self.html.rfind("\n</body>")
        html = f"{self.html[:end]}\n<p><em>{html_text(note, LONGEST_LINE)}</em></p>{self.html[end:]}"
        return replace(self, text=f"{self.text}\n{plain(note, LONGEST_LINE)}\n", html=html)


def letter(
    subject: str,
    lead: str,
    run: str,
    sections: Mapping[str, Sequence[str]],
    links: Mapping[str, str],
    shown: Iterable[tuple[str, str]] = (),
) -> Mail:
    """Returns the mail that begins with the sentence `lead`; `shown` are parts as (text, HTML), which come as they are.

    Every other word is made harmless. A section without lines is left out, and so is a link that leads to no web page.
    """
    addresses, parts, told = (
        safe_links(links),
        list(shown),
        {title: lines for title, lines in sections.items() if lines},
    )
    text = [plain(lead, LONGEST_LINE), f"Run: {plain(run)}", *(_bullets(title, lines) for title, lines in told.items())]
    body = [f"<p><strong>{html_text(lead, LONGEST_LINE)}</strong></p>", f"<p>Run: {html_text(run)}</p>"]
    body += [_html_bullets(title, lines) for title, lines in told.items()]
    text += [as_text for as_text, _ in parts] + [f"{plain(name)}: {address}" for name, address in addresses.items()]
    body += [as_html for _, as_html in parts]
    body += [f'<p><a href="{html.escape(address)}">{html_text(name)}</a></p>' for name, address in addresses.items()]
    return Mail(
        subject=plain(subject, LONGEST_SUBJECT),
        text="\n\n".join(text) + "\n",
        html=f"<!DOCTYPE html>\n<html><head>{HEAD}</head><body>\n" + "\n".join(body) + "\n</body></html>\n",
    )


def _bullets(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"- {plain(line, LONGEST_LINE)}" for line in lines)])


def _html_bullets(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{html_text(line, LONGEST_LINE)}</li>" for line in lines)
    return f"<h3>{html_text(title)}</h3><ul>{items}</ul>"

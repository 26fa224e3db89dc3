"""The mails about servers that do not serve, or answer as, what the history says: when it begins, and when it is over.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentiment.mail.letter import Mail, letter
from sentiment.results.served import Served

RECENTLY = timedelta(hours=1)  # an end that is older was mailed, or nobody could be mailed for that long
CAUSES = [
    "Somebody changed what a server serves: by its reload RPC (whoever reaches an unguarded gRPC port can), or by "
    "starting it with another models.config.",
    "Something else listens on a server's address in SENTIMENT_SERVING_URLS.",
    "A server did not follow the last change: it cannot read models.config or a version's files. Its log says so.",
]
TO_DO = [
    "Treat the answers of these servers since then as somebody else's, until you know the cause.",
    "Look with `sentiment status`. The embedded server and TensorFlow Serving apply models.config again at every poll, "
    "so a change by RPC ends within seconds. If it lasts, start the server again.",
    "Close the way in: a token, TLS, no reload RPC, and no port that strangers reach (the guide's page on serving).",
]


def differs_mail(served: Served, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about servers that differ, which is one mail for each occurrence.

    Raises: ValueError when none differs.
    """
    if served.agrees:
        raise ValueError("there is nothing to mail about: no server differs")
    found = [finding.told for finding in served.findings if finding.differs]
    others = [finding.told for finding in served.findings if not finding.differs]
    since = served.last.since if served.last else ""
    sections = {
        "What differs": found,
        "What else was found": others,
        "What may have happened": CAUSES,
        "What to do": TO_DO,
    }
    subject = f"Sentiment: what answers is not what the history says. {found[0]}"
    lead = f"What answers is not what the history says{f', since {since}' if since else ''}."
    return replace(letter(subject, lead, run, sections, links), cause=f"served {since}")


def over_mail(served: Served, run: str, links: Mapping[str, str]) -> Mail | None:
    """Returns the mail about an occurrence that ended a moment ago; None when there is none."""
    last = served.last
    if not served.agrees or last is None or last.until is None:
        return None
    if datetime.now(UTC) - datetime.fromisoformat(last.until) > RECENTLY:
        return None
    lead = f"Every server serves again what the history says. From {last.since} to {last.until} it was otherwise."
    sections = {
        "What had differed": last.differences,
        "What answers now": [finding.told for finding in served.findings],
        "What to do": [
            "Find out how it came to be, if you have not: it ended by itself at the next poll, and can begin again.",
            "What customers were answered in that time was not the history's models' answer.",
        ],
    }
    mail = letter("Sentiment: every server serves again what the history says.", lead, run, sections, links)
    return replace(mail, cause=f"served {last.since} until {last.until}")

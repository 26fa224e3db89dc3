"""The mails about servers that do not serve, or answer as, what the history says: when it begins, and when it is over.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentiment.language import marked, recorded, tr
from sentiment.mail.letter import Mail, letter
from sentiment.results.served import Served

RECENTLY = timedelta(hours=1)  # an end that is older was mailed, or nobody could be mailed for that long
CAUSES = [
    marked(
        "Somebody changed what a server serves: by its reload RPC (whoever reaches an unguarded gRPC port can), or by "
        "starting it with another models.config."
    ),
    marked("Something else listens on a server's address in SENTIMENT_SERVING_URLS."),
    marked(
        "A server did not follow the last change: it cannot read models.config or a version's files. Its log says so."
    ),
]
TO_DO = [
    marked("Treat the answers of these servers since then as somebody else's, until you know the cause."),
    marked(
        "Look with `sentiment status`. The embedded server and TensorFlow Serving apply models.config again at every "
        "poll, so a change by RPC ends within seconds. If it lasts, start the server again."
    ),
    marked(
        "Close the way in: a token, TLS, no reload RPC, and no port that strangers reach (the guide's page on serving)."
    ),
]


def differs_mail(served: Served, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about servers that differ, which is one mail for each occurrence.

    Raises: ValueError when none differs.
    """
    if served.agrees:
        raise ValueError("there is nothing to mail about: no server differs")
    found = [_said(finding.told) for finding in served.findings if finding.differs]
    others = [_said(finding.told) for finding in served.findings if not finding.differs]
    since = served.last.since if served.last else ""
    sections = {
        tr("What differs"): found,
        tr("What else was found"): others,
        tr("What may have happened"): [recorded(why) for why in served.held_back] or [tr(cause) for cause in CAUSES],
        tr("What to do"): [tr(line) for line in TO_DO],
    }
    subject = tr("Sentiment: what answers is not what the history says. {found}", found=found[0])
    lead = tr("What answers is not what the history says.")
    if since:
        lead = tr("What answers is not what the history says, since {since}.", since=since)
    return replace(letter(subject, lead, run, sections, links), cause=f"served {since}")


def over_mail(served: Served, run: str, links: Mapping[str, str]) -> Mail | None:
    """Returns the mail about an occurrence that ended a moment ago; None when there is none."""
    last = served.last
    if not served.agrees or last is None or last.until is None:
        return None
    if datetime.now(UTC) - datetime.fromisoformat(last.until) > RECENTLY:
        return None
    lead = tr(
        "Every server serves again what the history says. From {since} to {until} it was otherwise.",
        since=last.since,
        until=last.until,
    )
    sections = {
        tr("What had differed"): [_said(difference) for difference in last.differences],
        tr("What answers now"): [_said(finding.told) for finding in served.findings],
        tr("What to do"): [
            tr(
                "Find out how it came to be, if you have not: it ended by itself at the next poll, and can begin again."
            ),
            tr("What customers were answered in that time was not the history's models' answer."),
        ],
    }
    mail = letter(tr("Sentiment: every server serves again what the history says."), lead, run, sections, links)
    return replace(mail, cause=f"served {last.since} until {last.until}")


def _said(told: str) -> str:
    """Returns a recorded `SERVER: SENTENCE` in the language spoken; an address holds no colon and space."""
    server, colon, sentence = told.partition(": ")
    return tr("{server}: {finding}", server=server, finding=recorded(sentence)) if colon else recorded(told)

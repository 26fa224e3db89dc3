"""`sentiment verify`: does what answers serve, and answer as, what the history says?"""

from __future__ import annotations

from collections.abc import Sequence

import click

from sentiment.probe.likeness import AGREES
from sentiment.probe.occurrence import in_words, noted
from sentiment.probe.served import findings_of, look
from sentiment.results.served import Finding, Occurrence, Served
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step


def verify(settings: Settings) -> Served:
    """Asks every server, notes when one begins or ceases to differ, and returns what was found."""
    findings = findings_of(look(settings))
    last = noted(settings, findings)
    agrees = not any(finding.differs for finding in findings)
    return Served(agrees=agrees, sentence=sentence(findings, last), findings=findings, last=last)


def sentence(findings: Sequence[Finding], last: Occurrence | None) -> str:
    """Returns what the findings come to."""
    if differing := [finding.told for finding in findings if finding.differs]:
        since = f" since {last.since}" if last else ""
        return f"What answers is not what the history says{since}: {'; '.join(differing)}."
    unknown = [finding.told for finding in findings if finding.kind != AGREES]
    if unknown:
        now = f"Nothing differs, as far as it could be compared: {'; '.join(unknown)}."
    else:
        now = "Every label answers as its version did when it was validated." if findings else "Nothing is served."
    return " ".join(filter(None, (now, in_words(last, agrees=False))))


@click.command("verify")
@step
def command() -> Served:
    """Ask every server whether it serves what the history says, and answers as its versions did when validated.

    It changes nothing that is served. When a server begins or ceases to differ, that is noted in serving/served.json.
    """
    found = verify(read_settings())
    for finding in found.findings:
        say(finding.told)
    say(found.sentence)
    return found

"""`sentiment verify`: does what answers serve, and answer as, what the history says?"""

from __future__ import annotations

from collections.abc import Sequence

import click

from sentiment.language import tr
from sentiment.probe.likeness import AGREES
from sentiment.probe.metrics import write_probed, write_served
from sentiment.probe.occurrence import in_words, noted
from sentiment.probe.served import findings_of, look
from sentiment.results.served import Finding, Occurrence, Served
from sentiment.serving import notes
from sentiment.settings import Settings, read_settings
from sentiment.step import step
from sentiment.text.aloud import tell


def verify(settings: Settings) -> Served:
    """Asks every server, notes when one begins or ceases to differ, and returns what was found."""
    looked = look(settings)
    write_served(settings, looked)
    write_probed(settings)
    findings = findings_of(looked)
    last = noted(settings, findings)
    agrees = not any(finding.differs for finding in findings)
    held = list(notes.held_back(settings))
    said = " ".join((sentence(findings, last), *held))
    return Served(agrees=agrees, sentence=said, findings=findings, last=last, held_back=held)


def sentence(findings: Sequence[Finding], last: Occurrence | None) -> str:
    """Returns what the findings come to."""
    if differing := [finding.told for finding in findings if finding.differs]:
        found = "; ".join(differing)
        if last is None:
            return tr("What answers is not what the history says: {found}.", found=found)
        return tr("What answers is not what the history says since {since}: {found}.", since=last.since, found=found)
    unknown = [finding.told for finding in findings if finding.kind != AGREES]
    if unknown:
        now = tr("Nothing differs, as far as it could be compared: {found}.", found="; ".join(unknown))
    elif findings:
        now = tr("Every label answers as its version did when it was validated.")
    else:
        now = tr("Nothing is served.")
    return " ".join(filter(None, (now, in_words(last, agrees=False))))


@click.command("verify")
@step
def command() -> Served:
    """Ask every server whether it serves what the history says, and answers as its versions did when validated.

    It changes nothing that is served. When a server begins or ceases to differ, that is noted in serving/served.json.
    What it finds is written to serving/metrics/ for Prometheus, too.
    """
    found = verify(read_settings())
    tell(*(finding.told for finding in found.findings), found.sentence)
    return found

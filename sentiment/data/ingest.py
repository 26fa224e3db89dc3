"""`sentiment ingest`: takes in newly labelled files, and accepts or quarantines every row.

A file is known by its key (its path below the source) and the hash of its content: ingesting it twice changes nothing,
and a file that changed is a new delivery.
"""

from __future__ import annotations

import click

from sentiment import disk
from sentiment.data import ledger as posts_ledger
from sentiment.data import receipts
from sentiment.data.many_rows import seldom_collected
from sentiment.data.pull import Pull, in_turn
from sentiment.data.report_delivery import report, table
from sentiment.data.source.opening import open_source
from sentiment.language import tr
from sentiment.results.deliveries import Ingest
from sentiment.serving.records import unpublished
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import tell, to_people


def ingest(source: str, settings: Settings) -> Ingest:
    """Takes in every file below `source` that is new or changed; returns the deliveries and the watermark."""
    by_folder = settings.source_from == "folder"
    opened_source = open_source(source, settings.settle_seconds, settings.datasets, by_folder=by_folder)
    with posts_ledger.opened(settings.posts_database) as ledger, seldom_collected():
        receipts.make_tables(ledger)
        pull = Pull(ledger, opened_source.address, settings)
        for file in in_turn(opened_source.files(), receipts.slow(ledger, opened_source.address)):
            pull.take(file)
        if pull.disk_failed:
            disk.require_room(settings.datasets)
        nothing = opened_source.nothing_found()
        if nothing and not receipts.has_delivered(ledger, opened_source.address):
            raise nothing
        watermark = ledger.watermark()
    if not pull.files:
        tell(tr("{address} holds nothing that is read", address=opened_source.address))
    new = {"new": len(pull.deliveries), "files": pull.files, "watermark": watermark}
    tell(tr("{new} of {files} files are new; watermark {watermark}", **new))
    return Ingest(
        deliveries=pull.deliveries,
        accepted=sum(delivery.accepted for delivery in pull.deliveries),
        quarantined=sum(delivery.quarantined for delivery in pull.deliveries),
        left=pull.left,
        not_read=pull.not_read,
        watermark=watermark,
    )


@click.command("ingest")
@click.option("--source", help="A folder, or s3://bucket/prefix; by default SENTIMENT_SOURCE or <home>/datasets/inbox.")
@click.option("--run", help="Also write the result into this run's folder.")
@click.option("--report", "reported", is_flag=False, flag_value="last", help="Show a delivery (default: the last).")
@step
def command(source: str | None, run: str | None, reported: str | None) -> Ingest | Result:
    """Take in newly labelled files; accept or quarantine each row."""
    settings = read_settings()
    if reported:
        told = report(settings, reported)
        with to_people():
            say(table(told))
        return told
    folder = unpublished(settings, run) if run else None
    result = ingest(source or settings.source_folder, settings)
    if folder:
        folder.write(result)
    return result

"""What the members of one archive say of the same text.

Labelling tools pack one file an annotator. Nothing tells which of two labels is the newer one, so a text that two
members label differently is taken from neither.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from sentiment.data.delivery import judge, post_key
from sentiment.data.formats.allowance import Allowance, OutOfTime
from sentiment.data.formats.archive import Damaged
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import UnreadableFile, up_to
from sentiment.data.formats.votes import disputed_between, vote
from sentiment.data.identity import post_identity
from sentiment.data.source.source import SourceFile
from sentiment.data.tsv import Post
from sentiment.settings import Settings


def disputed_texts(members: Iterable[SourceFile], settings: Settings, until: float) -> frozenset[int]:
    """Returns the posts (their `post_key`) that two members of an archive label differently.

    Raises: OutOfTime when that is not known at `until` (on the monotonic clock).
    """
    read = [member for member in members if not member.not_read]
    return disputed_between([_votes(member, settings, until) for member in read] if len(read) > 1 else [])


def _votes(member: SourceFile, settings: Settings, until: float) -> array[int]:
    votes: array[int] = array("Q")
    labels, allowed = settings.label_set, Allowance(member.delivered_size, until)
    try:
        with member.open() as content:
            records = read_file(content, member.key, labels, settings.label_field, allowed).records
            for record in up_to(allowed.in_time(records), allowed.rows):
                if isinstance(post := judge(record, labels), Post):
                    votes.append(vote(post_key(post_identity(post.text, post.title)), post.label))
    except (Damaged, UnreadableFile):
        return votes  # the rest is refused, with its reason, in its turn
    except (OSError, OutOfTime):
        raise  # the archive waits: what this member says is not known
    except Exception:  # noqa: BLE001 - it fails again in its turn, and is named there
        return votes
    return votes

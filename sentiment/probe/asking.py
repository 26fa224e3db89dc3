"""Asks one server the questions under both labels, in pairs, so that the machine's other work affects both alike."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sentiment.client.answer import STABLE, Failure, Prediction
from sentiment.client.rest import RestServer
from sentiment.client.tries import asked
from sentiment.data.tsv import Post

SECONDS_FOR_AN_ANSWER = 5.0
FAILURES_IN_A_ROW = 5  # of stable: then the server is not asked any more


@dataclass(frozen=True)
class Reply:
    """The outcome of one question: a prediction or an error, and the seconds that it took."""

    seconds: float
    prediction: Prediction | None = None
    error: str = ""


@dataclass
class Replies:
    """One server's replies by label, in the order of the questions; `first` came before them, on new connections."""

    first: dict[str, Reply] = field(default_factory=dict)
    of: dict[str, list[Reply]] = field(default_factory=dict)


def ask_in_pairs(address: str, model: str, labels: Sequence[str], posts: Iterable[Post], until: float) -> Replies:
    """Returns the replies of the server at `address` to each post under each label; it stops asking at `until`.

    Each post is sent under one label right after the other; the order alternates from post to post.
    """
    servers = {label: RestServer(address, model) for label in labels}
    replies = Replies(of={label: [] for label in labels})
    untitled = set[str]()
    try:
        for number, post in enumerate(posts):
            if number == 0:
                replies.first = {label: _ask(servers[label], label, post, untitled) for label in labels}
            if number and (time.monotonic() > until or _is_gone(replies.of.get(STABLE, []))):
                break
            for label in labels if number % 2 == 0 else reversed(labels):
                replies.of[label].append(_ask(servers[label], label, post, untitled))
    finally:
        for server in servers.values():
            server.close()
    return replies


def _ask(server: RestServer, label: str, post: Post, untitled: set[str]) -> Reply:
    """Asks with the title, unless the label is one of the `untitled`, whose models read none; notes which are.

    A title that is refused first costs time, which the label must not be charged with for every post.
    """
    title = "" if label in untitled else post.title
    began = time.perf_counter()
    try:
        [prediction], _ = asked(server, [post.text], label, SECONDS_FOR_AN_ANSWER, [title])
    except Failure as failure:
        return Reply(time.perf_counter() - began, error=str(failure))
    if title and not prediction.read_title:
        untitled.add(label)
    return Reply(time.perf_counter() - began, prediction)


def _is_gone(replies: Sequence[Reply]) -> bool:
    last = replies[-FAILURES_IN_A_ROW:]
    return len(last) == FAILURES_IN_A_ROW and all(reply.error for reply in last)

"""A bucket whose store lists what no store should: objects without a name or a size, and lists without an end."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from support.hostile_store import SOURCE, HostileStore, Request, hostile_store  # noqa: F401

from sentiment.data.formats.allowance import MOST_SECONDS
from sentiment.data.source import pages
from sentiment.data.source import part as parts
from sentiment.data.source import store as stores
from sentiment.data.source.bucket import Bucket
from sentiment.data.source.listing import MOST_SIZE
from sentiment.data.source.pages import Extent
from sentiment.data.source.refusal import NeverEnds
from sentiment.data.source.source import MOST_LEFT
from sentiment.errors import InputError
from sentiment.settings import Settings

from .test_hostile_store import B, ingest, outcome


@pytest.fixture
def store(hostile_store: HostileStore) -> HostileStore:  # noqa: F811
    return hostile_store


def test_an_object_that_is_listed_wrongly_is_left(
    store: HostileStore, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    long_name = "the store lists it with a name of more than 1,024 bytes"
    wrong = {
        "b": store.entry(B, tag=""),
        "c": store.entry(B, name="in/c.tsv", size=""),
        "d": store.entry(B, name="in/d.tsv", size="-5"),
        "e": store.entry(B, name="in/e.tsv", tag="a NEXT LINE").replace(" NEXT LINE", "&#10;X-Evil: 1"),
        "h": store.entry(B, name="in/h.tsv", size=f"{MOST_SIZE}"),
        "i": store.entry(B, name="in/i.tsv", size=f"{MOST_SIZE + 1}"),
        "j": store.entry(B, name="in/j.tsv", size="1" + 400 * "0"),
        "k": store.entry(B, name="in/k.tsv", tag="k" * 1_025),
        "l": store.entry(B, name="in/" + "l" * 1_017 + ".tsv"),
        "m": store.entry(B, name="in/" + 341 * "評" + ".tsv"),
        "n": store.entry(B, name="in/" + 1_000_000 * "n" + ".tsv"),
        "f": store.entry(B, name=""),
        "g": store.entry(B, name=""),
    }
    store.list = lambda request: request.give(200, store.listing(**wrong))
    taken, left = outcome(settings)
    assert left.pop("h.tsv").startswith("a copy of it takes 50000.0 GB")
    assert (taken, left) == (
        ["a.tsv"],
        {
            "b.tsv": "the store lists it without a tag (ETag)",
            "c.tsv": "the store lists it without its size",
            "d.tsv": "the store lists it with a size below 0",
            "e.tsv": "the store lists it with a tag (ETag) that no header can hold",
            "i.tsv": "the store lists it with a size above 50 TB",
            "j.tsv": "the store lists it with a size above 50 TB",
            "k.tsv": "the store lists it with a tag (ETag) that no header can hold",
            "l" * 1_017 + ".tsv": parts.CHANGED,
            340 * "評": long_name,
            1_021 * "n": long_name,
            "./": "the store lists objects (2) without their names",
        },
    )
    assert max(map(len, capsys.readouterr().err.splitlines())) < 500, "a name is cut"


def test_of_many_objects_that_are_listed_wrongly_the_first_are_named(store: HostileStore, settings: Settings) -> None:
    wrong = {f"{number:04}": store.entry(B, name=f"in/{number:04}.tsv", tag="") for number in range(MOST_LEFT + 7)}
    nameless = {f"n{number}": store.entry(B, name="") for number in range(3)}
    store.list = lambda request: request.give(200, store.listing(**wrong, **nameless))
    taken, left = outcome(settings)
    assert (taken, len(left)) == (["a.tsv", "b.tsv", "c.tsv"], MOST_LEFT + 1)
    assert left["./"] == "the store lists objects (3) without their names and more objects (7) wrongly"


def test_a_list_that_is_no_list_is_one_line(store: HostileStore, settings: Settings) -> None:
    bucket = Bucket(SOURCE, settings.datasets)
    for status, content in (
        (200, b"<a>%s</a>" % (b"x" * stores.MOST_BYTES)),
        (200, b"<a>" * (stores.MOST_MARKUP + 1)),
        (200, b"<a %s/>" % b" ".join(b"a%d=''" % number for number in range(stores.MOST_MARKUP))),
        (404, b"<Error><Code>Odd</Code><Message>%s</Message></Error>" % (b"z" * stores.MOST_BYTES)),
        (200, b"<ListBucketResult><Contents><Key>a</Key><Size>many</Size></Contents></ListBucketResult>"),
        (200, b"<ListBucketResult><Contents><LastModified>1e400</LastModified></Contents></ListBucketResult>"),
    ):
        store.list = functools.partial(Request.give, status=status, content=content)
        with pytest.raises(InputError, match="of s3://posts/in/ must answer as S3 does; found") as caught:
            list(bucket.files())
        assert len(str(caught.value)) < 400


def page_of(keys: list[str], token: str) -> bytes:
    """Returns a page that says that there are more."""
    listed = "".join(f"<Contents><Key>{key}</Key><ETag>a</ETag><Size>9</Size></Contents>" for key in keys)
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    return f"<ListBucketResult>{more}{listed}</ListBucketResult>".encode()


@pytest.mark.parametrize(
    ("keys", "token", "found"),
    [
        ("", "{}", "more than 9 pages in a row without an object"),
        ("in/.{}-{}", "{}", "more than 50 objects"),
        ("in/{}-{}.jpg", "{}", "more than 50 objects"),
        ("in/same/", "{}", "more than 50 objects"),
        ("in/.{}" + "long" * 1_000, "{}", "names and tags of more than 30,000 characters"),
        ("in/.{}-{}", "three of them: {:.0f}", "comes back to where it was"),
    ],
)
def test_a_list_that_never_ends_ends_the_run(
    store: HostileStore, settings: Settings, monkeypatch: pytest.MonkeyPatch, keys: str, token: str, found: str
) -> None:
    monkeypatch.setattr(pages, "MOST_EMPTY", 9)
    monkeypatch.setattr(pages, "MOST_OBJECTS", 50)
    monkeypatch.setattr(pages, "MOST_OF_NAMES", 30_000)

    def answer(request: Request) -> None:
        assert len(store.asked) < 100, "nobody holds it"
        number = len(store.asked)
        each = 1 if "three" in token else 10
        entries = [keys.format(number, one) for one in range(each)] if keys else []
        request.give(200, page_of(entries, token.format(number % 3 if "three" in token else number)))

    store.list = answer
    with pytest.raises(
        InputError, match=rf"the list of s3://posts/in/ must end; found one that .*{found}\. Name a lon"
    ):
        ingest(SOURCE, settings)
    assert len(store.asked) <= 12


def test_a_list_may_have_pages_without_an_object(store: HostileStore, settings: Settings) -> None:
    """A store gives such pages where many objects were deleted."""

    def answer(request: Request) -> None:
        last = len(store.asked) == pages.MOST_EMPTY // 50
        request.give(200, store.listing() if last else page_of([], f"{len(store.asked)}"))

    store.list = answer
    assert outcome(settings) == (["a.tsv", "b.tsv", "c.tsv"], {})


def test_only_what_is_waited_for_a_list_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def answers() -> Iterator[dict[str, Any]]:
        while True:
            now[0] += MOST_SECONDS / 4
            yield {"Contents": [{}]}

    given = 0
    with pytest.raises(NeverEnds, match="one that takes more than 120 minutes"):
        for _ in Extent().pages(answers()):
            given += 1
            now[0] += 10 * MOST_SECONDS
    assert given == 4

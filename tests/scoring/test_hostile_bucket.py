"""An archive in a bucket whose store, or one object in it, answers as no store should: each object ends alone."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.hostile_store import (
    NEVER_A_BODY,
    SOURCE,
    Dripping,
    HostileStore,
    Request,
    delivered,
    hostile_store,  # noqa: F401
)

from sentiment.data.source import answer, objects, part
from sentiment.data.source.listing import MOST_SIZE
from sentiment.data.source.source import NAMELESS
from sentiment.data.source.store import ATTEMPTS
from sentiment.data.tsv import Post
from sentiment.errors import InputError, UnavailableError
from sentiment.results.scoring import ScoreResult
from sentiment.scoring import archive as archives
from sentiment.scoring import places
from sentiment.scoring.asked import most_patience
from sentiment.scoring.columns import Columns
from sentiment.scoring.ledger import Ledger
from sentiment.scoring.places import BucketPlace, Changed, FolderPlace, Listed
from sentiment.scoring.shards import named
from sentiment.scoring.told import told
from sentiment.scoring.work import Job, Outcome, Worker

B = "in/b.tsv"


@pytest.fixture
def store(hostile_store: HostileStore) -> Iterator[HostileStore]:  # noqa: F811
    places._client.cache_clear()
    yield hostile_store
    places._client.cache_clear()


def listed(name: str) -> Listed:
    [found] = (file for file in BucketPlace(SOURCE).listed() if file.name == name)
    return found


def content_of(name: str) -> bytes:
    with BucketPlace(SOURCE).open(listed(name)) as opened:
        return opened.read()


def broken_off(request: Request) -> None:
    content = request.content
    request.give(200, content[:20], len(content))


def half_way(request: Request) -> None:
    """Gives 20 bytes more, and ends well."""
    start, content = request.start, request.content
    headers = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
    request.give(206 if start else 200, content[start : start + 20], len(content) - start, **headers)


def endless(request: Request) -> None:
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.close_connection = True
    for _ in range(10_000):
        request.wfile.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
    request.wfile.write(b"0\r\n\r\n")


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(store: HostileStore) -> None:
    store.spoilt[B] = half_way
    assert content_of("b.tsv") == delivered("b")


def test_parts_of_two_objects_are_not_one_file(store: HostileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store takes no notice of `If-Match`, nor, at last, of the range."""
    monkeypatch.setattr(places, "READ_AHEAD", 20)
    file = listed("b.tsv")
    old, new = (f'"{hashlib.md5(content).hexdigest()}"' for content in (delivered("b"), delivered("z")))
    store.spoilt[B] = lambda request: request.give_object(ETag=old)
    with BucketPlace(SOURCE).open(file) as opened:
        assert opened.read(20) == delivered("b")[:20]
        store.objects[B] = delivered("z")
        store.spoilt[B] = lambda request: request.give_object(ETag=new)
        with pytest.raises(Changed, match=part.CHANGED):
            opened.read(20)
        store.spoilt[B] = lambda request: request.give(200, delivered("z")[:20])
        with pytest.raises(Changed, match=part.OTHER_PART):
            opened.read(20)


def test_objects_that_cannot_be_had_are_left_and_the_others_are_scored(store: HostileStore, tmp_path: Path) -> None:
    def answers(posts: list[Post]) -> NDArray[np.float32]:
        return np.tile(np.array([[0.2, 0.3, 0.5]], np.float32), (len(posts), 1))

    store.objects |= {f"in/{name}.tsv": delivered(name) for name in ("sum", "long", "more")}
    store.objects["in/d.parquet"] = b"PAR1" * 20
    store.spoilt |= {
        B: broken_off,
        "in/d.parquet": broken_off,
        "in/sum.tsv": lambda request: request.give_object(x_amz_checksum_crc32="AAAAAA=="),
        "in/long.tsv": lambda request: request.give_object(x_amz_meta_a="v" * 70_000),
        "in/more.tsv": endless,
    }
    store.list = lambda request: request.give(200, store.listing(c=store.entry("in/c.tsv", tag="")))
    source, output = BucketPlace(SOURCE), FolderPlace(str(tmp_path))
    plan = archives.plan_of(archives.known_files(source, output), source, {}, 100)
    job = Job(source=SOURCE, output=str(tmp_path), version=1, labels=["a", "b", "c"], columns=Columns(), shard_rows=100)
    worker = Worker(job, answers)
    outcomes = [*plan.refused, *(each for portion in plan.portions for each in worker.outcomes(portion))]
    reasons = {each.file: each.reason for each in outcomes}
    assert reasons.pop("long.tsv").startswith("the store's answer cannot be read: ConnectionClosedError")
    assert reasons == {
        "a.tsv": "",
        "b.tsv": "the transfer broke off: IncompleteReadError",
        "c.tsv": "the store lists it without a tag (ETag)",
        "d.parquet": "the transfer broke off: IncompleteReadError",
        "more.tsv": f"the store gives more than {len(delivered('more'))} of {len(delivered('more'))} bytes",
        "sum.tsv": "the transfer broke off: FlexibleChecksumError",
    }
    assert all(each.again for each in outcomes if each.reason)
    assert [each.shard.scored for each in outcomes if each.shard] == [2]


def test_objects_that_no_store_has_are_left_alone(store: HostileStore, tmp_path: Path) -> None:
    entries = {
        "b": store.entry(B, size=f"{10**18}"),
        "c": store.entry("in/c.tsv", size="1" + 400 * "0"),
        "d": store.entry(B, name="in/" + "d" * 9_000 + ".tsv"),
    }
    store.list = lambda request: request.give(200, store.listing(**entries))
    plan = archives.known_files(BucketPlace(SOURCE), FolderPlace(str(tmp_path)))
    assert [file.name for file in plan.files] == ["a.tsv"]
    assert [(each.file, each.reason, each.again) for each in plan.refused] == [
        ("b.tsv", "the store lists it with a size above 50 TB", True),
        ("c.tsv", "the store lists it with a size above 50 TB", True),
        ("d" * 1_021, "the store lists it with a name of more than 1,024 bytes", True),
    ]
    left = {each.file: each.reason for each in plan.refused}
    result = ScoreResult(
        version=1, source=SOURCE, output=str(tmp_path), files=1, files_finished=0, shards_new=0, rows_new=0,
        rows_aside_new=0, rows=0, rows_aside=0, files_aside=0, put_aside={}, left=left, not_in_archive=[], seconds=0,
        current=None, complete=False,
    )  # fmt: skip
    [line] = (line for line in told(result) if "ddd" in line)
    assert line == f"left for the next run: {'d' * 300}…: the store lists it with a name of more than 1,024 bytes"


def test_an_object_with_a_point_for_a_folder_is_read_as_it_is_called(store: HostileStore, tmp_path: Path) -> None:
    store.objects = {key: delivered(key) for key in ("in/./b.tsv", "in/.b.tsv", "in/./.b.tsv", "in/a.tsv")}
    plan = archives.known_files(BucketPlace(SOURCE), FolderPlace(str(tmp_path)))
    assert [file.name for file in plan.files] == ["./b.tsv", "a.tsv"]
    assert content_of("./b.tsv") == delivered("in/./b.tsv")
    plan.refused = [Outcome(file=name) for name in ("./b.tsv", NAMELESS)]
    assert plan.unknown == ("./b.tsv", "")


def test_a_name_of_scores_may_hold_any_number(store: HostileStore) -> None:
    file = "a" * 20
    names = [f"data/{file}-{'1' * digits}.parquet" for digits in (15, 16, 900, 5_000)]
    assert [named(name) for name in names] == [(file, int("1" * 15)), None, None, None]
    entries = {f"{number}": store.entry(B, name=f"in/{name}") for number, name in enumerate(names[1:])}
    store.list = lambda request: request.give(200, store.listing(**entries))
    assert Ledger.opened(BucketPlace(SOURCE)).shards == {}


def test_the_reader_of_the_largest_object_is_waited_for_as_long_as_can_be_counted() -> None:
    assert 1_000 * most_patience(MOST_SIZE) < 2**31
    assert most_patience(1 << 30) == 104_200


def test_a_store_that_goes_down_ends_the_run(store: HostileStore) -> None:
    file = listed("b.tsv")
    store.is_down = True
    with pytest.raises(UnavailableError, match="must be reachable"):
        BucketPlace(SOURCE).open(file).read()


@pytest.mark.parametrize(
    ("source", "output", "apart"),
    [
        ("s3://posts/in", "s3://posts//in/scores", False),
        ("s3://posts//in//", "s3://posts/in/scores", False),
        ("s3://posts/in/", "s3://posts/in", False),
        ("s3://posts", "s3://posts//scores", False),
        ("s3://posts//", "s3://posts/", False),
        ("s3://posts/in", "s3://posts/in2", True),
        ("s3://posts/in", "s3://posts2//in/scores", True),
        ("s3://posts/in//a", "s3://posts/in/a/scores", True),
        ("s3://posts/in", "/posts/in/scores", True),
        ("s3://posts/in/archive", "s3://posts//in", True),
    ],
)
def test_scores_do_not_lie_within_the_archive_however_it_is_spelt(source: str, output: str, apart: bool) -> None:
    refused = ""
    try:
        places.require_apart(places.place_of(source), places.place_of(output))
    except InputError as error:
        refused = error.must_hold
    assert refused == ("" if apart else "the scores must not lie within the archive")


def test_a_whole_object_is_read_to_a_bound(store: HostileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    place = BucketPlace(SOURCE)
    store.spoilt[B] = half_way
    with pytest.raises(UnavailableError, match="must be reachable; found IncompleteReadError"):
        place.read("b.tsv")
    assert store.asked.count((B, "")) == ATTEMPTS
    assert (place.read("a.tsv"), place.read("none.tsv")) == (delivered("a"), None)
    monkeypatch.setattr(objects, "MOST_WHOLE", len(delivered("a")) - 1)
    store.spoilt[B] = endless
    for name in ("a.tsv", "b.tsv"):
        with pytest.raises(InputError, match=rf"s3://posts/in/{name} must take .* at most"):
            place.read(name)


@pytest.mark.parametrize(("first", "more"), NEVER_A_BODY)
def test_an_object_that_never_comes_holds_no_run(
    store: HostileStore, monkeypatch: pytest.MonkeyPatch, first: bytes, more: bytes
) -> None:
    file, place = listed("b.tsv"), BucketPlace(SOURCE)
    for module in (answer, objects, part):
        monkeypatch.setattr(module, "most_seconds", lambda _: 0.05)
    store.spoilt[B] = as_a_whole = Dripping(first, more)
    with pytest.raises(UnavailableError, match="must be reachable; found TooLate"):
        place.read("b.tsv")
    store.spoilt[B] = in_parts = Dripping(first, more)
    with pytest.raises(Changed, match=part.TOO_SLOW):
        place.open(file).read()
    assert max(as_a_whole.dripped, in_parts.dripped) < Dripping.MOST, "they were still coming"
    assert [key for key, _ in store.asked].count(B) == 2


NEVER_A_LEAVE = (
    (b"HTTP/1.1 100 Continue\r\n", b"X: a\r\n"),
    (b"HTTP/1.1 100 ", b"a"),
)  # how a store may go on for ever before it takes a body


@pytest.mark.parametrize(("first", "more"), NEVER_A_BODY + NEVER_A_LEAVE)
def test_scores_whose_store_never_answers_hold_no_run(
    store: HostileStore, monkeypatch: pytest.MonkeyPatch, first: bytes, more: bytes
) -> None:
    monkeypatch.setattr(objects, "most_seconds", lambda size: 0.5 if size == 100 else 300)
    store.spoilt[B] = dripping = Dripping(first, more)
    with pytest.raises(UnavailableError, match="must be reachable; found TooLate"):
        BucketPlace(SOURCE).write("b.tsv", b"x" * 100)
    assert dripping.dripped < Dripping.MOST, "it was still coming"
    assert store.asked == [(B, "PUT")]


def test_scores_that_a_store_hardly_takes_hold_no_run(store: HostileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    content, heard_enough = b"x" * (64 << 20), threading.Event()
    taken: list[int] = []

    def hardly(request: Request) -> None:
        request.close_connection = True
        while (piece := request.rfile.read1(1 << 16)) and not heard_enough.wait(0.005):
            taken.append(len(piece))

    monkeypatch.setattr(objects, "most_seconds", lambda size: 0.5 if size == len(content) else 300)
    store.spoilt[B] = hardly
    with pytest.raises(UnavailableError, match="must be reachable; found TooLate"):
        BucketPlace(SOURCE).write("b.tsv", content)
    heard_enough.set()
    assert sum(taken) < len(content) // 2, "it was still taken"
    assert store.asked == [(B, "PUT")]


def test_scores_are_sent_again_from_their_beginning(store: HostileStore) -> None:
    tries: list[int] = []

    def at_last(request: Request) -> None:
        tries.append(int(request.headers["Content-Length"]))
        if len(tries) < ATTEMPTS:
            request.rfile.read(1_000)
            request.close_connection = True
        else:
            request.take_object()

    store.spoilt[B] = at_last
    content = bytes(range(256)) * 1_000
    BucketPlace(SOURCE).write("b.tsv", content)
    assert (store.objects[B], tries) == (content, [len(content)] * ATTEMPTS)


def test_scores_that_a_store_refuses_before_it_took_them_are_said_to_be_refused(store: HostileStore) -> None:
    def refuse(request: Request) -> None:
        request.give(403, b"<Error><Code>AccessDenied</Code><Message>not here</Message></Error>")
        request.close_connection = True

    store.spoilt[B] = refuse
    with pytest.raises(InputError, match="found AccessDenied: not here"):
        BucketPlace(SOURCE).write("b.tsv", b"x" * (16 << 20))


def test_what_a_store_says_of_an_object_has_no_hidden_signs(store: HostileStore) -> None:
    words = f"<Error><Code>AccessDenied</Code><Message>\u202e{'z' * 9_999}</Message></Error>"
    store.spoilt[B] = lambda request: request.give(403, words.encode())
    with pytest.raises(Changed) as caught:
        content_of("b.tsv")
    assert str(caught.value).startswith(r"the store refuses it: AccessDenied \u202ezzz")
    assert len(str(caught.value)) < 400

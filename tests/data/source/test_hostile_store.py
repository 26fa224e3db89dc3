"""A bucket whose store, or one object in it, answers as no store should: what fails with an object ends with it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from support.hostile_store import (
    NEVER_A_BODY,
    SOURCE,
    Dripping,
    HostileStore,
    Request,
    delivered,
    hostile_store,  # noqa: F401
)
from support.results import in_json

from sentiment.data import ingest as ingesting
from sentiment.data.formats.allowance import OutOfTime
from sentiment.data.source import answer as answers
from sentiment.data.source import part as parts
from sentiment.data.source import store as stores
from sentiment.data.source.bucket import Bucket
from sentiment.data.source.part import TOO_SLOW, Patience
from sentiment.errors import InputError, UnavailableError
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)
B = "in/b.tsv"
UNREADABLE = "the store's answer cannot be read"


@pytest.fixture
def store(hostile_store: HostileStore) -> HostileStore:  # noqa: F811
    return hostile_store


def outcome(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Returns which files an ingest takes, and which it leaves, with the reasons."""
    result = ingest(SOURCE, settings)
    left = {each["key"]: each["reason"] for each in result["left"]}
    return [delivery["key"] for delivery in result["deliveries"]], left


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def with_headers(**headers: str) -> Callable[[Request], None]:
    return lambda request: request.give_object(**headers)


def test_objects_with_spoilt_answers_end_alone(store: HostileStore, settings: Settings) -> None:
    broken_off = "the transfer broke off: FlexibleChecksumError"
    for name, headers, reason in (
        ("time", {"Last_Modified": "yesterday"}, UNREADABLE),
        ("late", {"Last_Modified": "1e400"}, UNREADABLE),
        ("parts", {"x_amz_mp_parts_count": "many"}, UNREADABLE),
        ("kept", {"x_amz_object_lock_retain_until_date": "never"}, UNREADABLE),
        ("long", {"x_amz_meta_a": "v" * 70_000}, UNREADABLE),
        ("many", {f"x_amz_meta_{number}": "" for number in range(2_100)}, UNREADABLE),
        ("signs", {"x_amz_checksum_crc32": "\x80"}, UNREADABLE),
        ("sum", {"x_amz_checksum_crc32": "AAAAAA=="}, broken_off),
        # As many as S3 lets anybody give an object.
        ("meta", {f"x_amz_meta_{number}": "" for number in range(1_050)}, ""),
    ):
        store.objects[f"in/{name}.tsv"] = delivered(reason or name)
        store.spoilt[f"in/{name}.tsv"] = with_headers(**headers)
    taken, left = outcome(settings)
    assert taken == ["a.tsv", "b.tsv", "c.tsv", "meta.tsv"]
    assert len(left) == 8
    for name, reason in left.items():
        assert reason.startswith(broken_off if name == "sum.tsv" else UNREADABLE)


def test_a_store_that_goes_down_is_asked_for_no_other_object(store: HostileStore, settings: Settings) -> None:
    def down(request: Request) -> None:
        store.is_down, request.close_connection = True, True

    store.spoilt["in/a.tsv"] = down
    with pytest.raises(UnavailableError, match=r"the object store of s3://posts/in/ must be reachable; found Conn"):
        ingest(SOURCE, settings)
    assert {key for key, _ in store.asked} == {"", "in/a.tsv"}
    assert len(store.asked) == 1 + 2 * stores.ATTEMPTS, "to list, for the object, and to learn whether it is down"


def test_an_answer_without_an_end_is_read_as_far_as_was_listed(store: HostileStore, settings: Settings) -> None:
    sent: list[int] = []

    def endless(request: Request) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        piece = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        with pytest.raises(OSError):
            while len(sent) < 10_000:
                request.wfile.write(piece)
                sent.append(len(piece))
        request.close_connection = True

    store.spoilt[B] = endless
    taken, left = outcome(settings)
    assert taken == ["a.tsv", "c.tsv"]
    length = len(store.objects[B])
    assert left == {"b.tsv": f"the store gives more than {length} of {length} bytes"}
    assert len(sent) < 1_000


def test_an_answer_that_states_another_length_is_not_taken(store: HostileStore, settings: Settings) -> None:
    store.spoilt["in/a.tsv"] = lambda request: request.give(200, b"x" * 20)
    store.spoilt[B] = lambda request: request.give(200, b"x" * 200)
    taken, left = outcome(settings)
    assert taken == ["c.tsv"]
    length = len(store.objects[B])
    assert left == {
        "a.tsv": f"the store gives 20 of {length} bytes",
        "b.tsv": f"the store gives more than {length} of {length} bytes",
    }


def short(request: Request) -> None:
    """Gives 10 bytes more of an object, and ends well."""
    start, content = request.start, request.content
    span = f"bytes {start}-{len(content) - 1}/{len(content)}"
    status = 206 if start else 200
    request.give(status, content[start : start + 20], length=len(content) - start, Content_Range=span)


def test_a_transfer_that_the_store_closes_half_way_goes_on_from_there(store: HostileStore, settings: Settings) -> None:
    store.spoilt[B] = short
    assert outcome(settings) == (["a.tsv", "b.tsv", "c.tsv"], {})
    size = len(store.objects[B])
    ranges = [span for key, span in store.asked if key == B]
    assert ranges == ["", *(f"bytes={start}-{size - 1}" for start in range(20, size, 20))]


def test_a_transfer_that_breaks_off_again_and_again_is_said_to(store: HostileStore, settings: Settings) -> None:
    store.spoilt[B] = lambda request: request.give(200, request.content[:40], length=len(request.content))
    assert outcome(settings) == (["a.tsv", "c.tsv"], {"b.tsv": "the transfer broke off: IncompleteReadError"})


def test_another_part_than_was_asked_for_is_not_put_behind_the_first(store: HostileStore, settings: Settings) -> None:
    def other(request: Request) -> None:
        content = request.content
        if not request.start:
            request.give(200, content[:20], length=len(content))
        else:
            end = len(content) - request.start
            request.give(206, content[:end], Content_Range=f"bytes 0-{end - 1}/{len(content)}")

    store.spoilt[B] = other
    assert outcome(settings) == (["a.tsv", "c.tsv"], {"b.tsv": parts.OTHER_PART})


def in_two(second: bytes, *, span: str = "bytes {}-{}/{}", **headers: str) -> Callable[[Request], None]:
    """Gives the first half of an object under its tag, and then the rest of `second` with other headers."""

    def give(request: Request) -> None:
        start, content = request.start, request.content
        if not start:
            request.give(200, content[:30], length=len(content), ETag=f'"{md5(content)}"')
        else:
            request.give(
                206, second[start:], None, Content_Range=span.format(start, len(second) - 1, len(second)), **headers
            )

    return give


def test_an_object_that_the_store_exchanges_is_not_put_together(store: HostileStore, settings: Settings) -> None:
    """Whatever it makes of `If-Match`, its answer has another tag, or is about an object of another length."""
    whole = store.objects[B]
    other = whole.replace("b 真".encode(), "z 假".encode())
    for name in ("same", "weak", "whole", "long"):
        store.objects[f"in/{name}.tsv"] = whole.replace(b"b ", name.encode())
    tag = {name: md5(store.objects[f"in/{name}.tsv"]) for name in ("same", "weak")}
    store.spoilt |= {
        B: in_two(other, ETag=f'"{md5(other)}"'),
        "in/same.tsv": in_two(store.objects["in/same.tsv"], ETag=f'"{tag["same"]}"'),
        "in/weak.tsv": in_two(store.objects["in/weak.tsv"], ETag=f'W/"{tag["weak"]}"'),
        "in/whole.tsv": with_headers(ETag=f'"{md5(other)}"'),
        "in/long.tsv": in_two(store.objects["in/long.tsv"], span="bytes {}-{}/99"),
    }
    taken, left = outcome(settings)
    assert taken == ["a.tsv", "c.tsv", "same.tsv", "weak.tsv"]
    assert left == dict.fromkeys(("b.tsv", "whole.tsv", "long.tsv"), parts.CHANGED)


IN_ENTITIES = f"<!DOCTYPE r [<!ENTITY a '{'<b/>' * 50}'><!ENTITY c '{'&a;' * 100}'>]>"
BY_DEFAULT = "<!DOCTYPE r [<!ATTLIST Code a CDATA '1' b CDATA '2'>]>"
LONG_NAMESPACE = f" xmlns='{'x' * 201}'"
GROWS = (
    f"{IN_ENTITIES}<Error><Code>AccessDenied</Code>&c;</Error>".encode(),
    f"{IN_ENTITIES}<Error><Code>AccessDenied</Code>&c;</Error>".encode("utf-16"),
    f"<?xml version='1.0' encoding='utf-16'?>{IN_ENTITIES}<Error><Code>AccessDenied</Code>&c;</Error>".encode(),
    f"{BY_DEFAULT}<Error><Code>AccessDenied</Code></Error>".encode(),
    f"<Error{LONG_NAMESPACE}><Code>AccessDenied</Code></Error>".encode(),
)  # what takes far more memory than it has bytes


@pytest.mark.parametrize("content", GROWS)
def test_an_answer_that_grows_when_it_is_read_is_not_parsed(
    store: HostileStore, settings: Settings, content: bytes
) -> None:
    store.spoilt[B] = lambda request: request.give(403, content)
    assert outcome(settings) == (["a.tsv", "c.tsv"], {"b.tsv": "the store refuses it: 403 Forbidden"})
    store.list = lambda request: request.give(200, content)
    with pytest.raises(InputError, match=r"must answer as S3 does; found Grows: the answer has a"):
        ingest(SOURCE, settings)


def test_the_page_of_a_proxy_before_a_store_is_asked_for_again(store: HostileStore, settings: Settings) -> None:
    """It may declare a type, as web pages do; its status says that the store may answer in a minute."""
    page = b"<!DOCTYPE html><html><body>Service Unavailable</body></html>"
    store.list = lambda request: request.give(503, page)
    with pytest.raises(UnavailableError, match="the object store must list s3://posts/in/; found 503: Service Unav"):
        ingest(SOURCE, settings)
    assert len(store.asked) == stores.ATTEMPTS


def test_a_list_with_the_namespaces_of_s3_is_taken(store: HostileStore, settings: Settings) -> None:
    owner = "<Owner xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='CanonicalUser'><ID>1</ID></Owner>"
    b = store.entry(B) + owner
    named = b"<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
    store.list = lambda request: request.give(200, store.listing(b=b).replace(b"<ListBucketResult>", named))
    assert outcome(settings) == (["a.tsv", "b.tsv", "c.tsv"], {})


def test_what_a_store_says_is_told_in_one_line_of_signs_that_are_seen(store: HostileStore, settings: Settings) -> None:
    words = "\u202e\x9b31mred\nsecond line " + "z" * 10_000
    content = f"<Error><Code>Odd</Code><Message>{words}</Message></Error>".encode()
    store.list = lambda request: request.give(400, content)
    with pytest.raises(InputError) as caught:
        ingest(SOURCE, settings)
    told = str(caught.value)
    assert r"found Odd: \u202e\x9b31mred second line zzz" in told
    assert (told.isprintable(), len(told) < 500) == (True, True)


def test_an_object_that_hardly_comes_is_left_and_comes_last_the_next_time(
    store: HostileStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_enough = threading.Event()
    dripped: list[bytes] = []

    def dripping(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(request.content)))
        request.end_headers()
        request.close_connection = True
        for _ in range(1_000):  # far fewer than all of its bytes
            request.wfile.write(b"x")
            dripped.append(b"x")
            if heard_enough.wait(0.01):
                break

    store.objects["in/a.tsv"] *= 1_000
    monkeypatch.setattr(parts, "most_seconds", lambda size: 0.05 if size > 10_000 else 300)
    store.spoilt["in/a.tsv"] = dripping
    keys, counts, whole = list[str](), list[int](), Bucket._fetch

    def noted(self: Bucket, entry: Any, copy: Any) -> None:
        keys.append(entry.key)
        try:
            whole(self, entry, copy)
        except OutOfTime:
            counts.append(len(dripped))
            heard_enough.set()
            raise

    monkeypatch.setattr(Bucket, "_fetch", noted)
    assert outcome(settings)[1]["a.tsv"] == TOO_SLOW
    assert counts[0] < 1_000, "it was still coming"
    ingest(SOURCE, settings)
    assert keys[-1] == "in/a.tsv"


@pytest.mark.parametrize(("first", "more"), NEVER_A_BODY)
def test_an_object_whose_answer_never_reaches_its_body_is_left(
    store: HostileStore, settings: Settings, monkeypatch: pytest.MonkeyPatch, first: bytes, more: bytes
) -> None:
    store.objects[B] *= 1_000
    monkeypatch.setattr(parts, "most_seconds", lambda size: 0.05 if size > 10_000 else 300)
    store.spoilt[B] = dripping = Dripping(first, more)
    assert outcome(settings) == (["a.tsv", "c.tsv"], {"b.tsv": TOO_SLOW})
    assert dripping.dripped < Dripping.MOST, "it was still coming"
    assert [key for key, _ in store.asked].count(B) == 1


@pytest.mark.parametrize(("first", "more"), NEVER_A_BODY)
def test_a_list_that_never_comes_ends_the_run(
    store: HostileStore, settings: Settings, monkeypatch: pytest.MonkeyPatch, first: bytes, more: bytes
) -> None:
    for module in (answers, stores):
        monkeypatch.setattr(module, "most_seconds", lambda _: 0.05)
    store.list = dripping = Dripping(first, more)
    with pytest.raises(UnavailableError, match=r"of s3://posts/in/ must be reachable; found TooLate: the answer takes"):
        ingest(SOURCE, settings)
    assert dripping.dripped < Dripping.MOST, "it was still coming"
    assert len(store.asked) == 1


def test_an_answer_that_comes_byte_by_byte_in_time_is_taken(store: HostileStore, settings: Settings) -> None:
    def slow(request: Request) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(request.content)}\r\n\r\n".encode()
        for byte in 3 * b"HTTP/1.1 100 Continue\r\n\r\n" + head + request.content:
            request.wfile.write(bytes([byte]))

    store.spoilt[B] = slow
    assert outcome(settings) == (["a.tsv", "b.tsv", "c.tsv"], {})
    assert [key for key, _ in store.asked].count(B) == 1


def test_only_the_transfers_of_an_object_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    patience = Patience(0)
    with patience.until() as first:
        now[0] += 10
    now[0] += 10_000
    with patience.until() as second:
        assert (first - 100, second - now[0]) == (300, 290)

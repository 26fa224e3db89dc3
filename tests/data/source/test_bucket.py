"""A bucket as the source: a real server, real requests."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from moto.backends import get_backend
from support.results import in_json

from sentiment import disk
from sentiment.cli import run
from sentiment.data import ingest as ingesting
from sentiment.data.source.bucket import Bucket
from sentiment.data.source.listing import Entry
from sentiment.data.source.source import DOTTED, LEADS_OUT, LeftForNextTime
from sentiment.errors import InputError
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)


Deliver = Callable[[str, Any], Path]
SOURCE = "s3://posts/2026"


def put(store: Any, key: str, *rows: tuple[str, int]) -> None:
    body = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)
    store.put_object(Bucket="posts", Key=key, Body=body.encode())


def keys_taken(result: dict[str, Any]) -> list[str]:
    return [delivery["key"] for delivery in result["deliveries"]]


def state(settings: Settings, database: Path | None = None) -> dict[str, Any]:
    """Returns everything that an ingest leaves, but for the times, and where the files came from."""
    connection = sqlite3.connect(database or settings.posts_database)
    tables = {
        "deliveries": "SELECT number, key, hash, accepted, duplicate, relabelled, quarantined FROM deliveries",
        "posts": "SELECT identity, text, title, label, source, delivery FROM posts ORDER BY identity",
        "receipts": "SELECT * FROM receipts ORDER BY delivery",
    }
    found: dict[str, Any] = {table: connection.execute(query).fetchall() for table, query in tables.items()}
    connection.close()
    return found | {path.name: path.read_bytes() for path in settings.quarantine.iterdir()}


def start_over(settings: Settings) -> None:
    shutil.rmtree(settings.quarantine, ignore_errors=True)
    for left in settings.datasets.glob("ledger.sqlite*"):
        left.unlink()


def deliver_nights(store: Any, deliver: Deliver, nights: int = 3) -> None:
    """Puts the same files of several forms into the inbox and into the bucket."""
    for night in range(nights):
        rows = [(f"第{night}夜第{number}篇「好吃」", number % 3) for number in range(60)]
        lines = "".join(f"{text}\t{label}\n" for text, label in rows) + "壞掉的一行\n"
        as_json = [{"text": text + "了", "label": label} for text, label in rows] + [{"text": "沒有標籤"}]
        for name, content in {
            f"{night}/a.tsv": f"text\tlabel\n{lines}".encode(),
            f"{night}/b.csv.gz": gzip.compress(f"text,label\n{lines}".replace("\t", ",").encode("big5"), mtime=0),
            f"{night}/c.json": json.dumps(as_json).encode(),
            f"{night}/d.tsv": b"PK\x03\x04" + bytes([night]),
        }.items():
            deliver(name, content)
            store.put_object(Bucket="posts", Key=f"2026/{name}", Body=content)


def test_a_bucket_and_a_folder_give_the_same(store: Any, settings: Settings, deliver: Deliver) -> None:
    deliver_nights(store, deliver)
    store.put_object(Bucket="posts", Key="2026-old/other.tsv", Body=b"text\tlabel\n")
    store.put_object(Bucket="posts", Key="2026/.part.tsv", Body=b"text\tlabel\n")
    store.put_object(Bucket="posts", Key="2026/", Body=b"")
    result = ingest(f"{SOURCE}/", settings)
    from_bucket = state(settings)
    start_over(settings)
    assert ingest(settings.source_folder, settings) == result
    assert state(settings) == from_bucket
    assert len(result["deliveries"]) == 12
    assert ingest(SOURCE, settings)["deliveries"] == []  # another source, the same keys and contents


def test_only_new_and_changed_keys_are_read(store: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = Bucket._fetch

    def noted(self: Bucket, entry: Entry, copy: Any) -> None:
        read.append(entry.key)
        whole(self, entry, copy)

    monkeypatch.setattr(Bucket, "_fetch", noted)
    put(store, "2026/a.tsv", ("好吃", 0))
    put(store, "2026/b.tsv", ("難吃", 1))
    assert keys_taken(ingest(SOURCE, settings)) == ["a.tsv", "b.tsv"]
    assert keys_taken(ingest(SOURCE, settings)) == []
    put(store, "2026/b.tsv", ("難吃", 2))
    put(store, "2026/c.tsv", ("還好", 2))
    assert keys_taken(ingest(SOURCE, settings)) == ["b.tsv", "c.tsv"]
    assert read == ["2026/a.tsv", "2026/b.tsv", "2026/b.tsv", "2026/c.tsv"]


def test_more_keys_than_a_page_holds(store: Any, settings: Settings) -> None:
    behind_the_server = get_backend("s3")["123456789012"]["aws"]  # a thousand requests would take their time
    for number in range(2_100):
        behind_the_server.put_object("posts", f"2026/{number:04}.tsv", b"")
    files = list(Bucket(SOURCE, settings.datasets).files())
    assert [file.key for file in files] == [f"{number:04}.tsv" for number in range(2_100)]
    assert len({file.fingerprint for file in files}) == 1


def test_a_key_that_goes_or_changes_after_the_listing_is_taken_next_time(store: Any, settings: Settings) -> None:
    for name in ("a", "b", "c"):
        put(store, f"2026/{name}.tsv", (f"好吃{name}", 0))
    files = {file.key: file for file in Bucket(SOURCE, settings.datasets).files()}
    store.delete_object(Bucket="posts", Key="2026/a.tsv")
    put(store, "2026/b.tsv", ("好吃", 1))
    for key in ("a.tsv", "b.tsv"):
        with pytest.raises(LeftForNextTime, match="replaced or deleted"), files[key].open():
            pass
    with files["c.tsv"].open() as content:
        assert content.read().decode() == "text\tlabel\n好吃c\t0\n"
    assert list(settings.datasets.glob(".delivery-*")) == []


def test_an_object_that_does_not_fit_on_the_disk_is_not_fetched(
    store: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "2026/large.tsv", *(("好吃的一家店", 0) for _ in range(100)))
    put(store, "2026/small.tsv", ("還好", 2))
    monkeypatch.setattr(disk, "free", lambda _: 1_000)
    monkeypatch.setattr(Bucket, "_fetch", lambda self, entry, copy: copy.write(b"text\tlabel\n" + "還好\t2\n".encode()))
    result = ingest(SOURCE, settings)
    assert keys_taken(result) == ["small.tsv"]
    assert [left["reason"][:30] for left in result["left"]] == ["a copy of it takes 2.1 kB, and"]


def test_a_key_that_goes_during_an_ingest_stops_nothing(
    store: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.data.intake import Intake

    put(store, "2026/a.tsv", ("好吃", 0))
    put(store, "2026/b.tsv", ("難吃", 1))
    whole = Intake.take

    def deleting(intake: Intake, file: Any, *disputed: Any) -> Any:
        if file.key == "a.tsv":
            store.delete_object(Bucket="posts", Key="2026/a.tsv")
        return whole(intake, file, *disputed)

    monkeypatch.setattr(Intake, "take", deleting)
    result = ingest(SOURCE, settings)
    assert keys_taken(result) == ["b.tsv"]
    assert result["left"] == [{"key": "a.tsv", "reason": "it was replaced or deleted meanwhile"}]


def test_a_prefix_without_an_object_is_named(store: Any, settings: Settings) -> None:
    put(store, "2026/a.tsv", ("好吃", 0))
    with pytest.raises(InputError, match=r"found no object under s3://posts/2062/\."):
        ingest("s3://posts/2062", settings)
    with pytest.raises(InputError, match=r"found an object, s3://posts/2026/a.tsv\. Set .* to s3://posts/2026\."):
        ingest("s3://posts/2026/a.tsv", settings)
    assert keys_taken(ingest(SOURCE, settings)) == ["a.tsv"]
    store.delete_object(Bucket="posts", Key="2026/a.tsv")
    assert ingest(SOURCE, settings)["deliveries"] == []  # it was delivered and cleared away


def test_what_spark_leaves_is_no_delivery_and_other_kinds_are_named(store: Any, settings: Settings) -> None:
    put(store, "2026/part-00000.csv.tsv", ("好吃", 0))
    for key in ("_SUCCESS", "_temporary/0/task/part-1.tsv", ".part-0.crc", "_committed_1", "_started_1", "a.tsv.crc"):
        put(store, f"2026/{key}", ("難吃", 1))
    put(store, "2026/notes.docx")
    result = ingest(SOURCE, settings)
    assert keys_taken(result) == ["part-00000.csv.tsv"]
    assert [item["key"] for item in result["not_read"]] == ["notes.docx"]
    assert "a file of the kind .docx is not read: deliver .tsv" in result["not_read"][0]["reason"]


def test_a_large_object_is_copied_piece_by_piece(store: Any, settings: Settings) -> None:
    body = os.urandom(5_000_000)
    store.put_object(Bucket="posts", Key="2026/a.tsv", Body=body)
    (file,) = Bucket(SOURCE, settings.datasets).files()
    with file.open() as content:
        assert content.read() == body
        assert file.size == len(body)


def test_a_missing_bucket_is_named(store: Any, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest", "--source", "s3://nowhere/posts"]) == 2
    told = capsys.readouterr().err
    assert "the bucket of s3://nowhere/posts/ must exist" in told
    assert len(told.splitlines()) == 1


def test_no_credentials(store: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(InputError, match=r"needs credentials; .* Set AWS_ACCESS_KEY_ID"):
        ingest(SOURCE, settings)


def test_wrong_credentials_and_forbidden_buckets(server: str, store: Any, settings: Settings) -> None:
    def check_who_asks(after: int) -> None:
        request = urllib.request.Request(f"{server}/moto-api/reset-auth", data=str(after).encode(), method="POST")
        request.add_header("Content-Type", "text/plain")
        with urllib.request.urlopen(request):
            pass

    check_who_asks(0)
    try:
        with pytest.raises(InputError, match=r"needs valid credentials; found InvalidAccessKeyId"):
            ingest(SOURCE, settings)
    finally:
        check_who_asks(10**9)


def test_a_store_that_cannot_be_reached(store: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import sentiment.data.source.store as module

    quick = module.CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    monkeypatch.setattr(module, "CONFIG", quick)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"must be reachable; .* AWS_ENDPOINT_URL"):
        ingest(SOURCE, settings)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("s3://", "must name a bucket"),
        ("s3:///posts", "must name a bucket"),
        ("s3://no bucket/posts", "must be s3://bucket/prefix"),
    ],
)
def test_an_address_that_is_none(store: Any, settings: Settings, source: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        ingest(source, settings)


def test_an_endpoint_that_is_no_address(store: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "minio:9000")
    with pytest.raises(InputError, match="must be readable with boto3's settings"):
        ingest(SOURCE, settings)


@pytest.mark.parametrize("source", ["folder", "bucket"])
def test_kill_9_at_any_moment_and_a_second_run_end_like_one_run(
    store: Any, settings: Settings, deliver: Deliver, source: str
) -> None:
    deliver_nights(store, deliver, 2)
    command = [sys.executable, "-m", "sentiment", "ingest"]
    command += ["--source", settings.source_folder if source == "folder" else SOURCE]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.monotonic() - started
    clean = state(settings)
    for part in (0.6, 0.8, 0.95):
        start_over(settings)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(part * seconds)
            process.send_signal(signal.SIGKILL)
        ingest(command[-1], settings)
        assert state(settings) == clean
        assert not [path for path in settings.quarantine.iterdir() if path.name.startswith(".")]


def test_two_ingests_of_a_bucket_at_once_end_like_one(store: Any, settings: Settings, deliver: Deliver) -> None:
    deliver_nights(store, deliver, 2)
    ingest(SOURCE, settings)
    clean = state(settings)
    start_over(settings)
    command = [sys.executable, "-m", "sentiment", "ingest", "--source", SOURCE]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    told = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    assert state(settings) == clean


def test_a_key_that_leads_out_is_refused_by_its_name(store: Any, settings: Settings) -> None:
    for key in ("2026/../a.tsv", "2026/.hidden.tsv", "2026/./b.tsv", "2026/c/.", "2026/././.hidden.tsv"):
        store.put_object(Bucket="posts", Key=key, Body=b"text\tlabel\n")
    files = list(Bucket(SOURCE, settings.datasets).files())
    told = {"../a.tsv": LEADS_OUT, "./b.tsv": DOTTED, "c/.": DOTTED}
    assert {file.key: file.not_read for file in files} == told

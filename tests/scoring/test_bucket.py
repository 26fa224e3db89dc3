"""An archive in a bucket, and scores in one; the server is moto's, asked over HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from support.object_store import server, store  # noqa: F401

from sentiment import cli
from sentiment.scoring import places
from sentiment.scoring.places import BucketPlace, Changed
from sentiment.settings import Settings

from .conftest import Score

pytestmark = pytest.mark.slow  # together they take half a minute


@pytest.fixture(autouse=True)
def new_client(store: Any) -> Iterator[None]:  # noqa: F811
    places._client.cache_clear()
    yield
    places._client.cache_clear()


def test_from_bucket_to_bucket(score: Score, archive: Path, store: Any) -> None:  # noqa: F811
    for path in archive.rglob("*.*"):
        store.upload_file(str(path), "posts", f"years/{path.relative_to(archive)}")
    result = score(source="s3://posts/years", output="s3://posts/scores")
    assert (result["rows"], result["complete"], result["current"]) == (88, True, 2)
    assert score(source="s3://posts/years", output="s3://posts/scores")["shards_new"] == 0
    lines = store.get_object(Bucket="posts", Key="scores/version-2/ledger.jsonl")["Body"].read().decode().splitlines()
    found = []
    for shard in map(json.loads, lines):
        key = f"scores/version-2/data/{shard['id']}-{shard['index']:06d}.parquet"
        content = store.get_object(Bucket="posts", Key=key)["Body"].read()
        found += parquet.read_table(io.BytesIO(content)).column("id").to_pylist()
    assert len(found) == len(set(found)) == 88


def test_an_object_that_is_replaced_while_it_is_read_is_noticed(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(places, "READ_AHEAD", 16)
    store.put_object(Bucket="posts", Key="a/x.tsv", Body=b"text\n" + b"good\n" * 100)
    place = BucketPlace("s3://posts/a")
    [file] = place.listed()
    with place.open(file) as opened:
        assert opened.read(5) == b"text\n"
        store.put_object(Bucket="posts", Key="a/x.tsv", Body=b"text\n" + b"evil\n" * 100)
        with pytest.raises(Changed):
            opened.read()


def test_a_bucket_that_does_not_exist_is_one_line(score: Score, store: Any) -> None:  # noqa: F811
    assert "the bucket of s3://nowhere/x must exist" in score(source="s3://nowhere/x", code=2)["error"]


def test_of_scores_in_a_bucket_the_home_keeps_what_the_models_page_shows(
    score: Score,
    store: Any,  # noqa: F811
    home: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTIMENT_SCORES", "s3://posts/scores")
    for version in ("1", "2"):
        score("--version", version, output="s3://posts/scores")
    assert cli.run(["compare-scores", "--version", "stable"]) == 0
    score("--only-point", "--version", "1", output="s3://posts/scores")
    score(output="s3://posts/elsewhere")
    kept = {str(path.relative_to(home.home / "scores")) for path in (home.home / "scores").rglob("*.*")}
    names = {"current.json", "changed-1-2.html", "changed-1-2.json"}
    assert kept == names | {"version-1/scored.json", "version-2/scored.json"}
    for name in names:
        body = store.get_object(Bucket="posts", Key=f"scores/{name}")["Body"].read()
        assert (home.home / "scores" / name).read_bytes() == body
    assert json.loads((home.home / "scores" / "current.json").read_bytes())["version"] == 1

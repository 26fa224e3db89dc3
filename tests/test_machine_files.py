"""Which files of its user a process needs, by what it works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment import machine_files

OF_A_BUCKET = [
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "BOTO_CONFIG",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
]


@pytest.mark.parametrize(
    ("name", "wants"), [*((name, "buckets") for name in OF_A_BUCKET), ("RAY_AUTH_TOKEN_PATH", "ray")]
)
def test_who_somebody_is_may_be_read_where_that_is_asked(
    name: str, wants: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/run/secrets/token")
    assert Path("/run/secrets/token") in machine_files.of_the_person(**{wants: True})
    assert Path("/run/secrets/token") not in machine_files.of_the_person()


def test_a_users_folders_of_secrets_are_those_of_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nobody")
    asked = [(False, False), (True, False), (False, True)]
    none, bucket, ray = ([*machine_files.of_the_person(buckets=b, ray=r)] for b, r in asked)
    assert set(bucket) - set(none) == {Path("/nobody/.aws")} and set(ray) - set(none) == {Path("/nobody/.ray")}


def test_a_cache_in_a_bucket_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in machine_files.NAMED_CACHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TFHUB_CACHE_DIR", "gs://bucket/folder")
    monkeypatch.setenv("MPLCONFIGDIR", "/somewhere")
    assert [*machine_files.named_caches()] == [Path("/somewhere")]

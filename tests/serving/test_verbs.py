"""publish, canary, promote, withdraw, rollback against a real server: what customers see after each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.serving import publish as publishing
from sentiment.serving.canary import canary
from sentiment.serving.history import changing, read_state
from sentiment.serving.promote import promote
from sentiment.serving.publish import Candidate, publish
from sentiment.serving.rollback import rollback
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings


class Shop:
    """A home, a server that polls its models.config, and toy candidates: version N answers label N - 1."""

    def __init__(self, folder: Path, toys: dict[int, Path], start: Callable[..., Any]) -> None:
        bare = Settings(home=folder)
        with changing(bare):
            pass
        self.client = start(SimpleNamespace(config=bare.models_config))
        self.settings = Settings(home=folder, serving_urls=self.client.server.rest_url, load_timeout=20.0)
        self.toys = toys

    def candidate(self, number: int, change: Callable[[Path], object] = lambda _: None) -> Candidate:
        folder = self.settings.home / "runs" / f"night-{number}"
        shutil.copytree(self.toys[number], folder / "export")
        change(folder / "export")
        (folder / "model").mkdir()
        card = {"data": {"watermark": number, "rows": 100 * number}}
        (folder / "model" / "model.json").write_text(json.dumps(card))
        return Candidate(folder / "export", folder / "model", f"night-{number}", {"frozen": 0.8})

    def deploy(self, number: int) -> int:
        """Publishes and makes canary; returns the version."""
        with changing(self.settings, "ops") as change:
            version, _ = publish(change, self.candidate(number))
            canary(change, version)
        return version

    def do(self, verb: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        with changing(self.settings, "ops") as change:
            return dict(verb(change, *arguments))

    def says(self, where: str) -> str:
        return str(self.client.ask("今天天氣", where=where)[0])


@pytest.fixture
def shop(tmp_path: Path, toys: dict[int, Path], start: Callable[..., Any]) -> Iterator[Shop]:
    yield Shop(tmp_path / "home", toys, start)


def test_from_publish_to_stable_and_back(shop: Shop) -> None:
    assert shop.deploy(1) == 1
    assert shop.do(promote, 1, "first")["stable"] == 1
    assert shop.says("/labels/stable") == "正面"
    shop.deploy(2)
    assert (shop.says("/labels/stable"), shop.says("/labels/canary")) == ("正面", "負面")
    outcome = shop.do(promote, 2, "better")
    assert (outcome["stable"], outcome["previous"], outcome["changed"]) == (2, 1, True)
    assert shop.says("/labels/stable") == "負面"
    assert shop.says("/versions/1") == "正面", "the previous version stays loaded"
    assert shop.do(rollback, None, "complaints")["stable"] == 1
    assert shop.says("/labels/stable") == "正面"
    assert shop.do(rollback, None, "again")["changed"] is False


def test_publishing_twice_makes_one_version(shop: Shop) -> None:
    candidate = shop.candidate(1)
    with changing(shop.settings) as change:
        assert publish(change, candidate) == (1, False)
        assert publish(change, candidate) == (1, True)
    assert json.loads((shop.settings.trained / "1" / "model.json").read_text())["data"]["watermark"] == 1
    assert read_state(shop.settings).versions[1].data["rows"] == 100


def test_a_folder_that_a_crash_left_is_used_and_a_strangers_is_not(shop: Shop) -> None:
    candidate = shop.candidate(1)
    (shop.settings.versions / "1").mkdir(parents=True)
    with changing(shop.settings) as change:
        number, _ = publish(change, candidate)
    assert number == 2
    shop.settings.history.unlink()
    with changing(shop.settings) as change:
        assert publish(change, candidate) == (2, False)
    assert list((shop.settings.versions / "1").iterdir()) == []


def test_a_canary_that_does_not_load_leaves_stable_alone(shop: Shop) -> None:
    shop.deploy(1)
    shop.do(promote, 1)

    def truncate(export: Path) -> None:
        data = next((export / "variables").glob("*.data-*"))
        data.write_bytes(data.read_bytes()[:10])

    with changing(shop.settings) as change:
        number, _ = publish(change, shop.candidate(2, truncate))
        with pytest.raises(InputError, match=r"version 2 must be loaded by every server.*could not load version 2"):
            canary(change, number)
    state = read_state(shop.settings)
    assert (state.stable, state.canary, state.served, state.versions[2].condition) == (1, None, (1,), "failed")
    assert shop.says("/labels/stable") == "正面"


def test_a_decision_about_a_replaced_canary_changes_nothing(shop: Shop) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2)
    shop.deploy(3)
    for verb in (promote, withdraw):
        outcome = shop.do(verb, 2, "late")
        assert outcome["changed"] is False
        assert "the canary now is version 3" in outcome["sentence"]
    assert shop.says("/labels/stable") == "正面"


def test_a_withdrawn_canary_is_unloaded(shop: Shop) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2)
    assert shop.do(withdraw, 2, "worse on shops")["canary"] is None
    shop.client.wait_until(2, "END")
    last = json.loads(shop.settings.history.read_text().splitlines()[-1])
    assert (last["event"], last["who"], last["why"]) == ("withdrawn", "ops", "worse on shops")


def test_an_unreachable_server_is_named_and_nothing_changes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment.serving import servers

    monkeypatch.setattr(servers, "SECONDS_UNTIL_UNREACHABLE", 1.0)
    urls = f"{shop.client.server.rest_url},http://127.0.0.1:9"
    shop.settings = Settings(home=shop.settings.home, serving_urls=urls, load_timeout=5.0)
    with changing(shop.settings) as change:
        number, _ = publish(change, shop.candidate(1))
        with pytest.raises(InputError, match=r"http://127.0.0.1:9 cannot be reached"):
            canary(change, number)
    assert read_state(shop.settings).served == ()


def test_a_full_disk_is_noticed_before_anything_is_copied(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(publishing.shutil, "disk_usage", lambda _: usage)
    with changing(shop.settings) as change, pytest.raises(InputError, match=r"0\.0 MB free"):
        publish(change, shop.candidate(1))
    assert list(shop.settings.versions.iterdir()) == []
    assert read_state(shop.settings).versions == {}

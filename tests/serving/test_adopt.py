"""An edit by hand, adopted against real servers."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.serving import servers
from sentiment.serving.adopt import adopt
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.promote import promote
from sentiment.serving.publish import publish


@pytest.fixture
def edited(shop: Any) -> Any:
    """Version 1 is stable, 2 the canary, and somebody promoted 2 by hand: stable → 2, canary stays 2."""
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2)
    write(shop, shop.settings.models_config.read_text().replace("value: 1", "value: 2"))
    shop.client.wait_for(lambda: shop.says("/labels/stable") == "負面", "the server to read the edit")
    return shop


def write(shop: Any, text: str) -> None:
    shop.settings.models_config.write_text(text, encoding="utf-8")


def run(shop: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, str]:
    capsys.readouterr()
    return shop.run(monkeypatch, *line), capsys.readouterr().err


def test_a_promotion_by_hand_becomes_history(
    edited: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(edited, monkeypatch, capsys, "promote")
    assert (code, said.count("\n")) == (2, 1)
    assert "found an edit by hand" in said
    options = ("--adopt-config", "--who=小王", "--reason=as ever")
    code, said = run(edited, monkeypatch, capsys, "status", *options)
    assert (code, said.splitlines()[0]) == (
        0,
        "The edit of models.config is adopted: stable is version 2, the label canary on the same version is dropped.",
    )
    state = read_state(edited.settings)
    assert (state.stable, state.canary, state.previous, state.served) == (2, None, 1, (1, 2))
    last = edited.history[-1]
    assert (last["event"], last["who"], last["why"]) == ("adopted", "小王", "as ever")
    assert last["from"] == {"stable": 1, "canary": 2, "kept": None}
    assert edited.says("/labels/stable") == "負面"
    assert run(edited, monkeypatch, capsys, "rollback")[0] == 0
    assert edited.says("/labels/stable") == "正面"


def test_an_edit_can_be_discarded(
    edited: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(edited, monkeypatch, capsys, "status", "--restore-config")[0] == 0
    assert read_state(edited.settings).stable == 1
    edited.client.wait_for(lambda: edited.says("/labels/stable") == "正面", "the server to follow")


def test_adopting_twice_or_nothing_changes_nothing(edited: Any) -> None:
    assert adopt(edited.settings).startswith("The edit of models.config is adopted")
    before = edited.settings.history.read_bytes()
    assert adopt(edited.settings) == "models.config matches the history: there is nothing to adopt."
    write(edited, edited.settings.models_config.read_text() + "\n# a note\n")
    assert adopt(edited.settings) == "The edit of models.config changes no label: stable is version 2."
    assert edited.settings.history.read_bytes() == before
    assert "a note" not in edited.settings.models_config.read_text()


def test_a_version_that_the_servers_do_not_have_or_the_disk_does_not_hold_is_refused(
    edited: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = edited.settings.models_config.read_text()
    edited.settings.models_config.unlink()
    with changing(edited.settings) as change:
        number, _ = publish(change, edited.candidate(3))
    moved = edited.settings.versions.with_name("moved")
    (edited.settings.versions / str(number)).rename(moved)
    write(
        edited, text.replace("versions: 2", f"versions: 2 versions: {number}").replace("value: 2", f"value: {number}")
    )
    with pytest.raises(InputError, match="version 3 must be as they were published; found no folder"):
        adopt(edited.settings)
    monkeypatch.setattr(servers, "SECONDS_UNTIL_UNREACHABLE", 0.2)
    edited.client.server.stop()
    shutil.move(moved, edited.settings.versions / str(number))
    with pytest.raises(InputError, match=r"every server must have loaded.*; found .* cannot be reached"):
        adopt(edited.settings)
    assert read_state(edited.settings).labels == {"stable": 1, "canary": 2}
    assert "versions: 3" in edited.settings.models_config.read_text(), "the edit is still there"


def test_an_edit_while_a_version_is_loading_is_not_lost(edited: Any) -> None:
    adopt(edited.settings)
    with changing(edited.settings) as change:
        number, _ = publish(change, edited.candidate(3))
        change.record("staged", number)
        by_hand = edited.settings.models_config.read_text().replace("value: 2", "value: 1")
        write(edited, by_hand)
        with pytest.raises(InputError, match="found an edit by hand"):
            change.record("canary", number)
    assert edited.settings.models_config.read_text() == by_hand
    assert edited.history[-1]["event"] == "staged"
    edited.client.wait_for(lambda: edited.says("/labels/stable") == "正面", "the server to read the edit")
    assert "stable is version 1" in adopt(edited.settings)
    state = read_state(edited.settings)
    assert (state.stable, state.staged, state.served) == (1, None, (1,)), "what was loading is taken out again"

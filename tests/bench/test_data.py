"""The data experiment: real steps in processes of their own, and a verdict on what they took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment.bench.data import STEPS, Failed, Measured, command, growth, judge, make_home, posts, read_sizes, run
from sentiment.cli import run as run_command
from sentiment.data.identity import identity
from sentiment.errors import InputError


def measured(seconds: float, peak: float = 100.0, small: float = 1.0) -> list[Measured]:
    return [Measured(step, small if step == "small" else 1, seconds, peak, 1000) for step in STEPS]


def test_made_up_posts_are_all_different_and_always_the_same() -> None:
    found = list(posts(0, 2_000)) + list(posts(2_000, 2_000))
    assert len({identity(post.text) for post in found}) == 4_000
    assert found[:2_000] == list(posts(0, 2_000))
    assert 80 < sum(len(post.text.encode()) for post in found) / 4_000 < 120


@pytest.mark.parametrize(("seconds", "k"), [((1, 10), 1), ((1, 100), 2), ((3, 3), 0)])
def test_growth_is_the_power_of_the_rows(seconds: tuple[float, float], k: float) -> None:
    assert growth([1000, 10_000], seconds) == pytest.approx(k)
    assert growth([1000], seconds[:1]) is None


def test_the_verdict_names_what_does_not_hold() -> None:
    good = judge({1_000: measured(1), 10_000: measured(10, small=1.5)})
    assert (good["linear"], good["within_memory"], good["small_is_quick"]) == (True, True, True)
    assert not judge({1_000: measured(1), 10_000: measured(100)})["linear"]
    assert not judge({1_000: measured(1, peak=5000)})["within_memory"]
    assert not judge({1_000: measured(1, small=90)})["small_is_quick"]


def test_sizes_are_read_and_refused() -> None:
    assert read_sizes("1e5, 20000,1e5") == [20_000, 100_000]
    for wrong in ("", "many", "10", "1e400", "nan"):
        with pytest.raises(InputError, match="--rows"):
            read_sizes(wrong)


def test_a_step_that_fails_is_not_measured(tmp_path: Path) -> None:
    settings = make_home(tmp_path, 1_000)
    with pytest.raises(Failed, match="ended with 2"):
        run(settings, "warm", 1, "prepare", "--run", "x", "--mode", "warm")


def test_a_small_experiment_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--rows", "1000", "--output", str(tmp_path)], command, "data") == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [found["step"] for found in result["measured"]] == list(STEPS)
    assert result["within_memory"] and result["small_is_quick"] and result["linear"] is None
    assert result == json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert "| 1,000 | ingest |" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert (tmp_path / "plot.svg").stat().st_size > 1_000
    assert list((tmp_path / "work").iterdir()) == []

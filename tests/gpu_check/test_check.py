"""`sentiment check-gpu`: which checks run, what becomes of one that fails, and the command without a GPU."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from sentiment import cli
from sentiment.experiments import child
from sentiment.gpu_check import check as checking
from sentiment.gpu_check import machine, material
from sentiment.gpu_check.check import rows_of, try_all
from sentiment.gpu_check.checks import CHECKS, Check, Workplace
from sentiment.gpu_check.judging import Unmet
from sentiment.gpu_check.machine import Gpu, Machine
from sentiment.gpu_check.rows import FAILED, NOT_POSSIBLE, PASSED, exit_code

WITH_GPU = Machine(tensorflow="2.17.1", driver="12.4", gpus=[Gpu("H100", (9, 0))], tensorrt_linked="8.6.1")
BARE = structs.replace(WITH_GPU, driver=None, driver_said="no libcuda.so.1", gpus=[])


def says(figures: str) -> Callable[[Workplace], str]:
    return lambda place: figures


def breaks(error: Exception) -> Callable[[Workplace], str]:
    def run(place: Workplace) -> str:
        raise error

    return run


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, tmp_path, "scratch/tiny")


def test_a_check_that_is_possible_runs_and_the_others_say_why_not(place: Workplace) -> None:
    checks = (
        Check("training", machine.no_gpu, says("fast")),
        Check("two", machine.no_second_gpu, breaks(AssertionError("it must not run"))),
    )
    rows = try_all(WITH_GPU, place, checks)
    assert [(row.outcome, row.figures) for row in rows] == [(PASSED, "fast"), (NOT_POSSIBLE, "")]
    assert rows[1].why.startswith("there is one GPU only (H100)") and exit_code(rows) == 0


@pytest.mark.parametrize("error", [Unmet("it must; found not"), child.Failed("killed by SIGSEGV")])
def test_one_that_fails_fails_and_what_builds_on_it_is_not_tried(place: Workplace, error: Exception) -> None:
    checks = (
        Check("conversion", machine.no_gpu, breaks(error)),
        Check("served", machine.no_gpu, breaks(AssertionError("it must not run")), after="conversion"),
        Check("XLA", machine.no_gpu, says("fast")),
    )
    rows = try_all(WITH_GPU, place, checks)
    assert [row.outcome for row in rows] == [FAILED, NOT_POSSIBLE, PASSED]
    assert (rows[0].why, rows[1].why) == (str(error), "it builds on conversion, which failed.")
    assert exit_code(rows) == 1


def test_a_rehearsal_passes_nothing_but_can_fail(place: Workplace) -> None:
    checks = (
        Check("training", machine.no_gpu, says("slow"), on_cpu=True),
        Check("TensorRT", machine.no_tensorrt, breaks(AssertionError("it must not run"))),
    )
    rows = try_all(BARE, place, checks, rehearse=True)
    assert [(row.outcome, row.figures) for row in rows] == [(NOT_POSSIBLE, "on the CPU: slow"), (NOT_POSSIBLE, "")]
    assert all("no GPU driver" in row.why for row in rows) and exit_code(rows) == 3
    broken = (Check("training", machine.no_gpu, breaks(Unmet("it must; found not")), on_cpu=True),)
    assert exit_code(try_all(BARE, place, broken, rehearse=True)) == 1
    assert exit_code(try_all(BARE, place, broken)) == 3


def test_what_is_there_is_listed_with_what_is_missing() -> None:
    rows = {row.name: row for row in rows_of(WITH_GPU)}
    assert rows["driver"].figures == "CUDA 12.4" and rows["GPUs"].figures == "H100 (9.0)"
    assert rows["TensorRT's libraries"].outcome == NOT_POSSIBLE
    assert {row.outcome for row in rows_of(BARE) if row.name in ("driver", "GPUs")} == {NOT_POSSIBLE}
    assert exit_code(rows_of(WITH_GPU)) == 3, "a driver alone was not tried"


def test_every_check_builds_on_one_before_it() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(check.after in names[:at] for at, check in enumerate(CHECKS) if check.after)


def test_the_made_up_posts_have_every_label_equally_often_and_are_the_same_every_time() -> None:
    posts = material.made_up(120, 3, 1)
    assert [sum(post.label == label for post in posts) for label in range(3)] == [40, 40, 40]
    assert posts == material.made_up(120, 3, 1) and posts != material.made_up(120, 3, 2)


def test_without_a_gpu_nothing_is_reported_as_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What this machine has is made up, so that the test is the same where there is a GPU."""
    monkeypatch.setattr(checking, "seen", lambda folder: BARE)
    monkeypatch.setattr(Workplace, "run", breaks(AssertionError("it must not run")))
    assert cli.run(["check-gpu", "--result", str(tmp_path / "result.json")]) == 3
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert {row["outcome"] for row in result["rows"] if row["needs_gpu"]} == {NOT_POSSIBLE}
    assert len(result["rows"]) == len(CHECKS) + 4 and result["exit_code"] == 3
    assert "because there is no GPU driver (no libcuda.so.1)." in capsys.readouterr().err


def test_this_machine_is_looked_at_in_a_process_of_its_own(tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import tf

    here = checking.seen(tmp_path)
    assert (here.tensorflow, here.tensorrt_linked) == (tf.__version__, "8.6.1")
    assert len(here.gpus) == len(tf.config.list_physical_devices("GPU"))
    assert bool(here.tensorrt) != bool(here.tensorrt_said) and bool(here.driver) != bool(here.driver_said)


@pytest.mark.parametrize("wrong", [["--work", "."], ["--data", "."]])
def test_wrong_folders_are_one_line(
    wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checking, "seen", lambda folder: BARE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "somebody's").touch()
    assert cli.run(["check-gpu", *wrong]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{wrong[0]} must" in said and "; found " in said


def test_a_machine_that_cannot_be_looked_at_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "result_of", breaks_with(child.Failed("killed by SIGSEGV")))
    with pytest.raises(Exception, match=r"must answer what this machine has; found killed by SIGSEGV\. Run `python -m"):
        checking.seen(tmp_path)


def breaks_with(error: Exception) -> Callable[..., dict[str, object]]:
    def result_of(*_: object) -> dict[str, object]:
        raise error

    return result_of

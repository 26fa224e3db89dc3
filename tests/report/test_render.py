"""`sentiment report`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.reports import MakeReport

from sentiment import cli
from sentiment.errors import InputError
from sentiment.report.render import command, draw, place_of
from sentiment.settings import Settings


def test_draws_the_page_again_from_the_json_alone(
    make_report: MakeReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_report()
    page = tmp_path / "report.html"
    before = page.read_bytes()
    for path in (page, tmp_path / "summary.txt"):
        path.unlink()
    assert cli.run([str(tmp_path)], command, "report") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"pages": [str(page)]}
    assert printed.err == f"Drawn again: {page}.\n"
    assert page.read_bytes() == before


def test_a_run_is_its_model(make_report: MakeReport, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert place_of(settings, "nightly:1").parent.parent == tmp_path / "runs"
    assert place_of(settings, str(tmp_path)) == tmp_path


def test_no_report_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([str(tmp_path)], command, "report") == 2
    assert "must hold report.json or test_report.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", " must be JSON"),
        ("[]", " must be a JSON object; found a list"),
        ("{}", "'s kind must be there; found nothing"),
        ('{"kind": "training"}', "'s made must be there; found nothing"),
        ('{"kind": "test"}', "'s kind must be a value that this version knows; found 'test'"),
        ('"text"', " must be a JSON object; found 'text'"),
        ('{"inputs": {}, "result": {}}', "'s result.model must be there; found nothing"),
    ],
)
def test_another_json_is_one_line_and_leaves_the_page(
    make_report: MakeReport, tmp_path: Path, content: str, told: str
) -> None:
    make_report()
    before = (tmp_path / "report.html").read_bytes()
    (tmp_path / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'report.json'}{told}")):
        draw(tmp_path)
    assert (tmp_path / "report.html").read_bytes() == before


def wrong_label(report: dict[str, Any]) -> None:
    report["analysis"]["mistakes"][0]["true"] = 9


def wrong_metric(report: dict[str, Any]) -> None:
    report["analysis"]["metrics"]["accuracy"] = "high"


def no_figure(report: dict[str, Any]) -> None:
    del report["analysis"]["calibration"]["bins"][3]["low"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (wrong_metric, "'s analysis.metrics.accuracy must be a number; found 'high'."),
        (no_figure, "'s analysis.calibration.bins[3].low must be there; found nothing."),
        (wrong_label, "fit together"),
    ],
)
def test_what_is_wrong_deep_within_is_one_line(
    make_report: MakeReport, tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    report = make_report()
    change(report)
    before = (tmp_path / "report.html").read_bytes()
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(told)) as error:
        draw(tmp_path)
    assert "report.json" in str(error.value) and "\n" not in str(error.value)
    assert (tmp_path / "report.html").read_bytes() == before


def test_both_pages_of_a_folder(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    changed = {
        **report,
        "kind": "test",
        "data": {"file": "test.tsv", "fingerprint": "ab" * 32},
        "result": {"seconds": 1},
    }
    (tmp_path / "test_report.json").write_text(json.dumps(changed), encoding="utf-8")
    assert [path.name for path in draw(tmp_path)] == ["report.html", "test_report.html"]
    page = (tmp_path / "test_report.html").read_text(encoding="utf-8")
    assert "tested on test.tsv" in page
    assert "Learning curves" not in page


def test_templates_are_part_of_the_package() -> None:
    import tomllib

    declared = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    assert "templates/*" in declared["tool"]["setuptools"]["package-data"]["sentiment.report"]
    assert "templates/*" in declared["tool"]["setuptools"]["package-data"]["sentiment.charts"]

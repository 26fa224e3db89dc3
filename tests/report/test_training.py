from __future__ import annotations

from pathlib import Path

import pytest
from support.reports import MakeReport

from sentiment.report import training
from sentiment.report.page import render


def test_the_three_files_say_the_same(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    assert {path.name for path in tmp_path.iterdir()} == {"summary.txt", "report.json", "report.html"}
    summary = (tmp_path / "summary.txt").read_text(encoding="utf-8")
    assert f"{report['analysis']['metrics']['accuracy']:.4f}" in summary
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(report)
    assert report.keys() == {
        *("kind", "made", "inputs", "hyperparameters", "result", "model", "analysis", "baseline", "sha256"),
    }


def test_the_summary_has_the_original_layout(make_report: MakeReport, tmp_path: Path) -> None:
    make_report(epochs=2)
    lines = (tmp_path / "summary.txt").read_text(encoding="utf-8").splitlines()
    assert lines[:6] == [
        "        - epoch:         [0, 1]",
        "        - params:        {'verbose': 0, 'epochs': 2, 'steps': 4}",
        "        - loss:          [1.0, 0.5]",
        "        - accuracy:      [0.5, 0.75]",
        "        - val_loss:      [0.9, 0.8]",
        "        - val_accuracy:  [0.7, 0.7]",
    ]
    assert lines[-1] == "        - total_time:    1.500s"


def test_without_test_rows_the_summary_says_so(make_report: MakeReport, tmp_path: Path) -> None:
    make_report(test=[])
    assert "(no test rows)" in (tmp_path / "summary.txt").read_text(encoding="utf-8")


def test_the_same_report_draws_the_same_page(make_report: MakeReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "now", lambda: "2026-11-05T14:03:00+00:00")
    first, again = make_report(), make_report()
    for report in (first, again):
        report["baseline"]["seconds"] = 0
    assert render(first) == render(again)

"""A deleted text leaves the reports that quoted it: the JSON is cleaned and the page is drawn from it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment.data.tsv import Post
from sentiment.lineage.forget import forget
from sentiment.lineage.texts import Texts
from sentiment.run_folder import RunFolder
from sentiment.serving.records import folder_of, keep
from sentiment.settings import Settings

SECRET = "請把我這篇文章刪掉,我的電話是零九一二三四五六" + "、還有很多話" * 80  # longer than a page shows
KEPT = "這一篇文章沒有人要求刪除"


@pytest.fixture
def model(make_report: Callable[..., Any], tmp_path: Path) -> tuple[Settings, Path]:
    """A run whose model was wrong on the secret, and on another text."""
    make_report(test=[Post(SECRET, 0), Post(KEPT, 0), Post("好吃", 1)], probabilities=np.tile([0.1, 0.1, 0.8], (3, 1)))
    settings = Settings(home=tmp_path / "home")
    folder = settings.runs / "night" / "model"
    folder.mkdir(parents=True)
    for name in ("report.json", "report.html"):
        shutil.copy(next(tmp_path.rglob(name)), folder)
    assert all("零九一二" in (folder / name).read_text("utf-8") for name in ("report.json", "report.html"))
    return settings, folder


@pytest.mark.parametrize("page_went_before_a_kill", [False, True])
def test_the_page_is_drawn_again_without_it(model: tuple[Settings, Path], page_went_before_a_kill: bool) -> None:
    settings, folder = model
    if page_went_before_a_kill:
        (folder / "report.html").unlink()
    keep(settings, RunFolder(folder.parent), 1)
    forget(Texts([SECRET]), "a request", settings, write=True)
    kept = folder_of(settings, 1)
    for page in (folder / "report.html", folder / "report.json", kept.report, kept.report.with_suffix(".json")):
        shown = page.read_text("utf-8")
        assert "零九一二" not in shown
        assert KEPT in shown


def test_a_page_that_cannot_be_drawn_again_is_gone(
    model: tuple[Settings, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    settings, folder = model
    (folder / "report.json").write_text('{"mistakes": [{"text": "' + SECRET + '"}]}', "utf-8")
    forget(Texts([SECRET]), "a request", settings, write=True)
    assert not (folder / "report.html").exists()
    assert "cannot be drawn again" in capsys.readouterr().err

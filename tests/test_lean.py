"""A large package is imported without what it does not need, which can still be imported afterwards."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.lean import NOT_NEEDED, importing


def put(folder: Path, name: str, content: str) -> None:
    (folder / f"{name}.py").write_text(content, encoding="utf-8")


def test_only_the_first_import_does_not_find_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = "try:\n    import {0}\nexcept ImportError:\n    {0} = None\n"
    put(tmp_path, "large_package", "".join(tried.format(name) for name in NOT_NEEDED))
    for name in NOT_NEEDED:
        put(tmp_path, name, "")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    with importing("large_package"):
        import large_package  # type: ignore[import-not-found]
    assert [getattr(large_package, name) for name in NOT_NEEDED] == [None] * 4
    with importing("large_package"):
        import pandas
    assert str(pandas.__file__) == str(tmp_path / "pandas.py"), "the large package is there already"
    for name in ("large_package", *NOT_NEEDED):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.slow
def test_a_model_opens_without_them(tmp_path: Path) -> None:
    program = (
        "import sys; from sentiment.model import classifier, encoder; "
        "source = encoder.scratch('scratch/tiny', ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']); "
        "classifier.build('custom', source.architecture, labels=3, dropout=0.1); "
        "from sentiment.lean import NOT_NEEDED; print(set(NOT_NEEDED) & set(sys.modules)); "
        "import scipy.special, sklearn.linear_model; print('imported')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["set()", "imported"]

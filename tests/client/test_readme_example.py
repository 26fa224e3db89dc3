"""The README's example of a client runs as it stands, but for the server's address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_s_example_is_answered(both: Any, capsys: pytest.CaptureFixture[str]) -> None:
    [example] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "http://127.0.0.1:8501" in example
    exec(compile(example.replace("http://127.0.0.1:8501", both.server.rest_url), "README.md", "exec"), {})
    assert "Answer(label=" in capsys.readouterr().out

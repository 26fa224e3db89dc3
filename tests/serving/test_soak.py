"""Mixed load while versions come and go. `SOAK_SECONDS` (default 30) and `SOAK_OUTPUT` (a folder to keep it in)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "soak" / "soak.py"
SECONDS = float(os.environ.get("SOAK_SECONDS", "30"))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_stable_answers_and_nothing_grows_while_versions_come_and_go(tmp_path: Path) -> None:
    output = Path(os.environ.get("SOAK_OUTPUT", tmp_path / "soak"))
    ended = subprocess.run([sys.executable, str(SCRIPT), str(SECONDS), str(output)], stdout=subprocess.PIPE, text=True)
    result = json.loads((output / "soak.json").read_text(encoding="utf-8"))
    assert result["why"] == []
    assert ended.returncode == 0
    assert result["answers"]["stable"] > SECONDS
    assert result["answers"]["canary"] > 0
    assert {"deploy", "promote"} <= set(result["verbs"])
    assert result["latency_ms"]["stable"]["p99"] > 0
    assert (output / "soak.png").stat().st_size > 10_000

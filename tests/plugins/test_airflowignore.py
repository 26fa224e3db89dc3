"""Airflow's plugin loader runs one module here; the workflows' own it would load twice, and `isinstance` would fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LOADED = """
import sys
from airflow import plugins_manager
plugins_manager._get_plugins()
print(sorted({name for name in sys.modules if name.startswith("sentiment_")}))
"""


def test_the_plugin_loader_runs_the_page_alone(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, timeout=120)
    loaded = ["sentiment_airflow", "sentiment_airflow.links", "sentiment_airflow.people", "sentiment_models_page"]
    assert done.stdout.splitlines()[-1:] == [str(loaded)], done.stdout + done.stderr

"""Airflow for tests: a home of its own, set before anything of Airflow is imported; import this module first."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

for name in [name for name in os.environ if name.startswith(("AIRFLOW", "SENTIMENT_"))]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "SENTIMENT_ENCODERS": "any",  # so that a form can be sent whatever a command must refuse
    "SENTIMENT_DEADLINE_HOURS": "off",  # `dag.test()` of Airflow 3.3.2 fails on a workflow with a deadline
}
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "plugins")]

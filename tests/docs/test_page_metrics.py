"""The metrics that the guide lists and alerts by are those that the code makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = (CHECKOUT / "docs" / "guide" / "serving.md").read_text(encoding="utf-8")
SECTION = GUIDE.split("## Figures by version, for Prometheus\n")[1].split("\n## ")[0]
MADE = {
    name
    for module in ("probe/gauges.py", "client/metrics.py")
    for name in re.findall(r'Family\(\s*"(\w+)"', (CHECKOUT / "sentiment" / module).read_text(encoding="utf-8"))
}


def test_the_guide_lists_every_metric() -> None:
    table = "\n".join(line for line in SECTION.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`(sentiment_\w+)`", table)) - {"sentiment_canary_watch"} == MADE and len(MADE) > 15


RULES = [
    rule for group in yaml.safe_load(SECTION.split("```yaml\n")[1].split("```")[0])["groups"] for rule in group["rules"]
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_every_alert_is_about_metrics_that_there_are(rule: dict[str, str]) -> None:
    asked = set(re.findall(r"sentiment_\w+", rule["expr"]))
    assert asked and asked <= MADE


def test_the_alerts_are_about_the_canary_the_servers_and_old_files() -> None:
    asked = " ".join(rule["expr"] for rule in RULES)
    for name in ("sentiment_canary_bad ", "sentiment_server_agrees ", "sentiment_probe_timestamp_seconds "):
        assert name in asked

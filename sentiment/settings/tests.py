"""The setting that the project's own tests read."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.settings.declaration import Declared, setting
from sentiment.settings.kinds import text


@dataclass(frozen=True)
class SettingsOfTests(Declared):
    """One field a setting: `SENTIMENT_` and the field's name in capitals is the variable that sets it."""

    conformance_target: str = setting(
        "",
        text(),
        "The model server that the conformance tests ask: "
        "`grpc=HOST:8500,rest=http://HOST:8501,folder=/tmp/x,seen_as=/models`.",
        shown_default="the embedded server",
    )

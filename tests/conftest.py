"""What every test starts from: none of the caller's settings, no model hub, no noise."""

from __future__ import annotations

import os

for name in [name for name in os.environ if name.startswith("SENTIMENT_") and name != "SENTIMENT_CONFORMANCE_TARGET"]:
    del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from hypothesis import settings  # noqa: E402

# A change is judged by the same examples each time; new ones are looked for where people work. Never by the clock.
settings.register_profile("people", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "people")

"""Every setting of the system, read once from `SENTIMENT_*`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.labels import Labels

# Read elsewhere: by Airflow's side, which passes its environment on to every step, and by the tests.
READ_ELSEWHERE = frozenset(
    {
        "SENTIMENT_COMMAND",
        "SENTIMENT_MAIL_TO",
        "SENTIMENT_NIGHTLY",
        "SENTIMENT_WATCH",
        "SENTIMENT_BUCKET_CONNECTION",
        "SENTIMENT_APPROVAL_HOURS",
        "SENTIMENT_APPROVERS",
        "SENTIMENT_DEADLINE_HOURS",
        "SENTIMENT_GPU_POOL",
        "SENTIMENT_MAIL_QUIET_HOURS",
        "SENTIMENT_NOTHING_NEW_NIGHTS",
        "SENTIMENT_RUNNER",
        "SENTIMENT_RUNNER_IMAGE",
        "SENTIMENT_RUNNER_GPUS",
        "SENTIMENT_RUNNER_MEMORY",
        "SENTIMENT_RUNNER_SHM",
        "SENTIMENT_RUNNER_NETWORK",
        "SENTIMENT_HOST_HOME",
        "SENTIMENT_RUNNER_MOUNTS",
        "SENTIMENT_RUNNER_NAMESPACE",
        "SENTIMENT_RUNNER_CLAIM",
        "SENTIMENT_RUNNER_SECRET",
        "SENTIMENT_RUNNER_POD_TEMPLATE",
        "SENTIMENT_CONFORMANCE_TARGET",
    }
)
CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """One field a setting: `SENTIMENT_` and the field's name in capitals is the variable that sets it."""

    home: Path = CHECKOUT  # holds datasets/, serving/ and runs/
    labels: str = "正面,負面,中立"
    labels_english: str = "positive,negative,neutral"
    source: str = ""  # a folder or s3://bucket/prefix where new labelled files appear; empty: <home>/datasets/inbox
    settle_seconds: float = 3.0  # how long a file of a source folder must have been left alone to be taken in
    rolling_share: float = 0.2  # share of the new texts that goes to the rolling test set
    rolling_cap: int = 5000  # rows of the rolling test set; older ones leave it and are still never trained on
    rolling_source_share: float = 0.5  # of the rolling test set that one source may have, while more than one delivers
    serving_urls: str = "http://127.0.0.1:8501"  # REST addresses of every model server, by comma
    serving_base_path: str = ""  # the model's folder as the servers see it; empty: as this machine sees it
    model_name: str = "sentiment"  # the served model's name
    load_timeout: float = 300.0  # seconds that every server has to load a version
    gate_floor: float = 0.5  # accuracy on the frozen set below which nothing passes
    gate_margin: float = 0.01  # non-inferiority margin, a share of accuracy
    gate_recall_drop: float = 0.05  # how far any class's recall may fall on the frozen set
    gate_minimum_rolling: int = 200  # rows from which the rolling set decides
    # Checks of the new posts, `warn,fail`: a share above the first is a warning, above the second stops the run.
    check_quarantined: str = "0.05,0.33"  # of the delivered rows: could not be read
    check_repeats: str = "0.5,off"  # of the delivered rows: known already
    check_conflicts: str = "0.05,0.5"  # of the delivered rows: change a label of their own source
    check_disagreements: str = "0.05,0.33"  # of the delivered rows: another source labels the text otherwise
    check_long: str = "0.02,0.5"  # of the new posts: more than 2,000 characters
    check_control: str = "0.02,0.5"  # of the new posts: with control or invisible characters
    check_near_test: str = "0.02,0.2"  # of the new training rows: nearly a test text
    check_copies: str = "0.1,0.5"  # of the new test rows: nearly another row of the rolling test set
    check_classes: str = "0.3,off"  # change of a class's share
    check_vocabulary: str = "0.2,0.6"  # drift of the characters' frequencies
    check_unknown: str = "0.02,0.2"  # of the characters: not in the stable model's vocabulary
    check_suspects: str = "0.2,0.85"  # of the new posts: the label looks wrong
    # The canary, while it is served: what a probe asks, and what it calls bad.
    canary_rows: int = 300  # newest rows of the rolling test set that both versions are asked
    canary_bad_probes: int = 3  # bad probes in a row after which the canary is withdrawn
    canary_accuracy_drop: float = 0.05  # accuracy below stable's on the same rows, a share
    canary_errors: float = 0.01  # share of the questions without an answer
    canary_slowdown: float = 3.0  # 95th percentile of the response time, as a multiple of stable's
    canary_bake_minutes: float = 30.0  # for which it must have answered well to be called baked
    label_set: Labels = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names, english = (tuple(filter(None, text.split(","))) for text in (self.labels, self.labels_english))
        object.__setattr__(self, "label_set", Labels(names, english))
        self._require("settle_seconds", self.settle_seconds, 0.0, 3600.0)
        self._require("rolling_share", self.rolling_share, 0.0, 0.9)
        self._require("rolling_cap", self.rolling_cap, 1, 10**7)
        self._require("rolling_source_share", self.rolling_source_share, 0.01, 1.0)
        self._require("load_timeout", self.load_timeout, 1.0, 86400.0)
        self._require("gate_floor", self.gate_floor, 0.0, 1.0)
        self._require("gate_margin", self.gate_margin, 0.0, 1.0)
        self._require("gate_recall_drop", self.gate_recall_drop, 0.0, 1.0)
        self._require("gate_minimum_rolling", self.gate_minimum_rolling, 1, 10**9)
        self._require("canary_rows", self.canary_rows, 1, 100_000)
        self._require("canary_bad_probes", self.canary_bad_probes, 1, 1000)
        self._require("canary_accuracy_drop", self.canary_accuracy_drop, 0.0, 1.0)
        self._require("canary_errors", self.canary_errors, 0.0, 1.0)
        self._require("canary_slowdown", self.canary_slowdown, 1.0, 1000.0)
        self._require("canary_bake_minutes", self.canary_bake_minutes, 0.0, 100_000.0)

    def _require(self, name: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise InputError(
                f"SENTIMENT_{name.upper()} must be between {low:g} and {high:g}", found=f"{value:g}", do="Set it anew."
            )

    @property
    def datasets(self) -> Path:
        return self.home / "datasets"

    @property
    def base_data(self) -> Path:
        """The folder of the labelled posts that the system starts from: train.tsv, test.tsv, latest_test.tsv."""
        return self.datasets / "old_sentiment"

    @property
    def source_folder(self) -> str:
        return self.source or str(self.datasets / "inbox")

    @property
    def posts_database(self) -> Path:
        """The ledger of deliveries and accepted posts."""
        return self.datasets / "ledger.sqlite"

    @property
    def quarantine(self) -> Path:
        return self.datasets / "quarantine"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def serving(self) -> Path:
        return self.home / "serving"

    @property
    def history(self) -> Path:
        """The append-only ledger of what was published, promoted, withdrawn and rolled back."""
        return self.serving / "history.jsonl"

    @property
    def models_config(self) -> Path:
        return self.serving / "models" / "models.config"

    @property
    def versions(self) -> Path:
        """The folder whose sub-folders are the served versions."""
        return self.serving / "models" / self.model_name

    @property
    def trained(self) -> Path:
        """The folder that keeps, by version, the model folder each served version was exported from."""
        return self.serving / "trained"

    @property
    def base_path_for_servers(self) -> str:
        return self.serving_base_path or str(self.versions)

    @property
    def server_addresses(self) -> tuple[str, ...]:
        return tuple(url.strip().rstrip("/") for url in self.serving_urls.split(",") if url.strip())


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Returns the settings that the environment states; a variable that names no setting is an error."""
    known = {f"SENTIMENT_{item.name.upper()}": item for item in fields(Settings) if item.init}
    given: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith("SENTIMENT_") or variable in READ_ELSEWHERE:
            continue
        if variable not in known:
            raise InputError(
                f"a SENTIMENT_ variable must be one of {', '.join(sorted(known))}",
                found=variable,
                do="Mend its name or unset it.",
            )
        given[known[variable].name] = _convert(variable, text, type(known[variable].default))
    return Settings(**given)


def _convert(variable: str, text: str, kind: Any) -> Any:
    if issubclass(kind, Path):
        return Path(text).expanduser().resolve()
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{variable} must be of type {kind.__name__}", found=repr(text), do="Set it anew.") from None

"""The settings that the steps read, and Airflow's workflows with them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from sentiment.labels import Labels
from sentiment.settings.declaration import Declared, setting
from sentiment.settings.encoders import ANY, TESTED
from sentiment.settings.kinds import (
    addresses,
    choice,
    folder,
    limits,
    names_of,
    number,
    place,
    secret,
    some_words,
    switch,
    text,
    whole,
    words,
)
from sentiment.settings.limits import Limits

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_START, PRETRAINED_START = "default", "pretrained"


@dataclass(frozen=True)
class Settings(Declared):
    """One field a setting: `SENTIMENT_` and the field's name in capitals is the variable that sets it."""

    EMPTY_IS_UNSET = False

    home: Path = setting(
        CHECKOUT,
        folder(),
        "The folder that holds `datasets/`, `serving/` and `runs/`.",
        shown_default="the checkout",
    )
    language: str = setting(
        "en",
        choice("en", "zh-TW"),
        "The language of mails, forms, approvals, pages and reports; on the Models page a reader can choose another.",
    )
    source: str = setting(
        "",
        place(),
        "The folder, or `s3://bucket/prefix`, in which newly labelled files appear.",
        shown_default="`<home>/datasets/inbox`",
    )
    settle_seconds: float = setting(
        3.0,
        number(0, 3600),
        "A file of a source folder is taken in when nobody has changed it for this time.",
        unit="seconds",
    )
    label_field: str = setting(
        "",
        text(),
        "The field or control that holds the label, where a delivery has more than one that may.",
        shown_default="the one that is plain to see",
    )
    source_from: str = setting(
        "column",
        choice("column", "folder"),
        "What names a row's source: its column source, or the first folder below SENTIMENT_SOURCE.",
    )
    labels: str = setting("正面,負面,中立", text(), "The labels, comma-separated, in the order of their ids.")
    labels_english: str = setting(
        "positive,negative,neutral", text(), "The English names of the labels, in the same order."
    )
    encoders: tuple[str, ...] = setting(
        TESTED,
        some_words(ANY),
        "The encoders that Airflow's forms take, by name, folder, address or `NAME@sha256:DIGEST`; `any`: every one.",
        shown_default=", ".join(f"`{name}`" for name in TESTED),
    )
    pretrain_corpus: str = setting(
        "",
        place(),
        "The folder of posts without labels that `sentiment_pretrain` learns from: its `*.txt`, in UTF-8, one post a "
        "line. A relative path is below SENTIMENT_HOME.",
        shown_default="none: nothing is pretrained",
    )
    archive: str = setting(
        "",
        place(),
        "The folder, or `s3://bucket/prefix`, of the posts that `sentiment score` scores.",
        shown_default="none: nothing is scored",
    )
    archive_columns: tuple[tuple[str, str], ...] = setting(
        (),
        names_of("text", "title", "id", "time", "source"),
        "The archive's columns that have another name than what they are, such as `text=content,time=posted_at`.",
        shown_default="each is called as what it is",
    )
    scores: str = setting(
        "",
        place(),
        "The folder, or `s3://bucket/prefix`, in which the scores of the archive are.",
        shown_default="`<home>/scores`",
    )
    start_from: str = setting(
        DEFAULT_START,
        choice(DEFAULT_START, PRETRAINED_START),
        "What a full retrain starts from when nobody names a model: the default model, or the encoder that "
        "`sentiment_pretrain` made last.",
    )
    rolling_share: float = setting(
        0.2,
        number(0, 0.9),
        "The share of the new texts that goes to the rolling test set instead of the training rows.",
    )
    rolling_cap: int = setting(
        5000,
        whole(1, 10**7),
        "The most rows that the rolling test set has; older ones leave it, and are still never trained on.",
        unit="rows",
    )
    rolling_source_share: float = setting(
        0.5,
        number(0.01, 1),
        "The largest share of the rolling test set that one source may have, while more than one delivers.",
    )
    trusted_sources: tuple[str, ...] = setting(
        (),
        words(),
        "The sources whose delivered rows may be tested on; rows of others are only trained on.",
        shown_default="all",
    )
    serving_urls: str = setting(
        "http://127.0.0.1:8501", addresses(), "REST addresses of all model servers, comma-separated."
    )
    serving_token: str = setting(
        "",
        secret(),
        "The token that `sentiment serve` wants with every request, and that the commands and the client send.",
        shown_default="none is wanted or sent",
        repr=False,
    )
    serving_ca: str = setting(
        "",
        place(),
        "A file with the certificates (PEM) by which the model servers' own are verified.",
        shown_default="the machine's authorities",
    )
    serving_base_path: str = setting(
        "",
        text(),
        "The model's folder as the model servers see it.",
        shown_default="as this machine sees it",
    )
    model_name: str = setting("sentiment", text(), "The name under which the model is served.")
    load_timeout: float = setting(
        300.0, number(1, 86400), "How long each model server has to load a version.", unit="seconds"
    )
    eight_bit: bool = setting(
        False,
        switch(),
        "Whether `export` makes a SavedModel that multiplies 8-bit numbers, for serving on x86 processors that do so "
        "natively.",
    )
    gate_floor: float = setting(
        0.5, number(0, 1), "A candidate whose accuracy on the frozen test set is lower never passes."
    )
    gate_margin: float = setting(
        0.01,
        number(0, 1),
        "How far the candidate's accuracy may at worst be below stable's (the non-inferiority margin), as a share.",
    )
    gate_recall_drop: float = setting(
        0.05, number(0, 1), "How far the recall of any class may fall on the frozen test set, as a share."
    )
    gate_risk: float = setting(
        0.05,
        number(1e-6, 0.5),
        "The chance that a year of decisions promotes a candidate that is truly further below the best stable version "
        "so far than half of the margin.",
    )
    gate_nights: int = setting(
        250, whole(1, 100_000), "The decisions a year among which the gate divides that chance.", unit="decisions"
    )
    gate_wear: float = setting(
        0.01,
        number(0, 1),
        "From here on it is advised to replace the frozen test set: by how much, as a share, the decisions on it have "
        "made its score of the stable version too good.",
    )
    gate_minimum_rolling: int = setting(
        200,
        whole(1, 10**9),
        "With fewer rows the rolling test set is reported, but decides nothing.",
        unit="rows",
    )
    gate_must_hold: float = setting(
        0.2,
        number(0, 1),
        "Of the cases in must_hold.tsv that stable answers rightly, the candidate may break this share; no fixed one.",
    )
    gate_calibration: float = setting(
        0.1,
        number(0.001, 1),
        "The expected calibration error above which the gate warns that the candidate's percentages mislead; a share.",
    )
    estimate_fall: float = setting(
        0.05,
        number(0, 1),
        "The fall of stable's accuracy on new posts, since it was published, from which on a mail is sent.",
    )
    check_quarantined: Limits = setting(
        Limits(0.05, 0.33), limits(), "The share of the delivered rows that could not be read."
    )
    check_repeats: Limits = setting(
        Limits(0.5, None), limits(), "The share of the delivered rows that were known already."
    )
    check_conflicts: Limits = setting(
        Limits(0.05, 0.5), limits(), "The share of the delivered rows that change a label of their own source."
    )
    check_disagreements: Limits = setting(
        Limits(0.05, 0.33), limits(), "The share of the delivered rows that another source labels otherwise."
    )
    check_contradicted: Limits = setting(
        Limits(0.25, None),
        limits(),
        "The share of a source's labels that other sources or a person contradict: the lower end of its 95 % interval.",
    )
    check_worse: Limits = setting(
        Limits(0.05, None),
        limits(),
        "By how much more often a source is contradicted than all others: the lower end of the 95 % interval.",
    )
    check_long: Limits = setting(
        Limits(0.02, 0.5), limits(), "The share of the new posts with more than 2,000 characters."
    )
    check_control: Limits = setting(
        Limits(0.02, 0.5), limits(), "The share of the new posts with control or invisible characters."
    )
    check_near_test: Limits = setting(
        Limits(0.02, 0.2), limits(), "The share of the new training rows that are nearly a test text."
    )
    check_copies: Limits = setting(
        Limits(0.1, 0.5),
        limits(),
        "The share of the new test rows that are nearly another row of the rolling test set.",
    )
    check_classes: Limits = setting(
        Limits(0.3, None),
        limits(),
        "The largest change of a class's share, against what the stable model was trained on.",
    )
    check_vocabulary: Limits = setting(
        Limits(0.2, 0.6),
        limits(),
        "The drift of the characters' frequencies (Jensen-Shannon distance, less what chance alone gives).",
    )
    check_unknown: Limits = setting(
        Limits(0.02, 0.2), limits(), "The share of the characters that are not in the stable model's vocabulary."
    )
    check_suspects: Limits = setting(Limits(0.2, 0.85), limits(), "The share of the new posts whose label looks wrong.")
    check_shares: Limits = setting(
        Limits(0.02, None),
        limits(),
        "The change of a label's share in a source over several nights, beyond what its earlier nights explain.",
    )
    check_noise: Limits = setting(
        Limits(0.02, None),
        limits(),
        "The rise, over several nights, of the share of a source's posts whose label looks wrong.",
    )
    check_words: Limits = setting(
        Limits(0.01, None),
        limits(),
        "The share of the new posts with a word that nearly always has one label, unlike elsewhere.",
    )
    canary_rows: int = setting(
        300,
        whole(1, 100_000),
        "A probe asks stable and canary this many of the newest rows of the rolling test set.",
        unit="rows",
    )
    canary_bad_probes: int = setting(
        3, whole(1, 1000), "After this many bad probes in a row the canary is withdrawn.", unit="probes"
    )
    canary_accuracy_drop: float = setting(
        0.05, number(0, 1), "A probe is bad when the canary's accuracy is below that of stable by more than this share."
    )
    canary_errors: float = setting(
        0.01, number(0, 1), "A probe is bad when the canary leaves a larger share of the questions without an answer."
    )
    canary_slowdown: float = setting(
        3.0,
        number(1, 1000),
        "A probe is bad when the canary's 95th percentile of the response time is more than this many times stable's.",
    )
    canary_bake_minutes: float = setting(
        30.0,
        number(0, 100_000),
        "A canary that has answered well for this time is called baked.",
        unit="minutes",
    )
    backup_folder: str = setting(
        "",
        place(),
        "The folder, outside of SENTIMENT_HOME, in which `sentiment_retrain` makes a backup each night.",
        shown_default="none: no backup is made",
    )
    backup_keep: int = setting(
        7, whole(1, 10_000), "How many backups of a home stay; older ones are removed.", unit="backups"
    )
    backup_models: str = setting(
        "none",
        choice("none", "served"),
        "Which models a backup holds: `served` are those that are served and the previous one.",
    )
    label_set: Labels = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        names, english = (tuple(filter(None, text.split(","))) for text in (self.labels, self.labels_english))
        object.__setattr__(self, "label_set", Labels(names, english))

    @property
    def backup_place(self) -> Path | None:
        """The folder for backups, if one is set."""
        return Path(self.backup_folder).expanduser() if self.backup_folder else None

    @property
    def corpus_folder(self) -> Path | None:
        """The folder of posts without labels, if one is set."""
        return self.home / Path(self.pretrain_corpus).expanduser() if self.pretrain_corpus else None

    @property
    def own_encoders(self) -> Path:
        """The folder whose numbered sub-folders are the encoders that were pretrained in this home."""
        return self.home / "encoders"

    @property
    def scores_place(self) -> str:
        """The folder, or `s3://…`, of the archive's scores."""
        return self.scores or str(self.home / "scores")

    @property
    def scores_folder(self) -> Path:
        """The folder of the archive's scores; of scores in a bucket, that of their pages' copies."""
        return (
            self.home / "scores"
            if "://" in self.scores_place
            else Path(os.path.realpath(Path(self.scores_place).expanduser()))
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
    def history_copy(self) -> Path:
        """The history once more, from which it is restored when somebody cut or changed it."""
        return self.serving / "history.copy.jsonl"

    @property
    def models_config(self) -> Path:
        return self.serving / "models" / "models.config"

    @property
    def boot_config(self) -> Path:
        """What a server starts with: the stable version alone."""
        return self.serving / "models" / "boot.config"

    @property
    def servers_notes(self) -> Path:
        """The folder in which each server notes which models.config it was given, and how that went."""
        return self.serving / "servers"

    @property
    def versions(self) -> Path:
        """The folder whose sub-folders are the served versions."""
        return self.serving / "models" / self.model_name

    @property
    def trained(self) -> Path:
        """The folder that keeps, by version, the model folder each served version was exported from."""
        return self.serving / "trained"

    @property
    def records(self) -> Path:
        """The folder that keeps, by version, what its run left, as it was when the version was published."""
        return self.serving / "records"

    @property
    def base_path_for_servers(self) -> str:
        return self.serving_base_path or str(self.versions)

    @property
    def server_addresses(self) -> tuple[str, ...]:
        return tuple(url.strip().rstrip("/") for url in self.serving_urls.split(",") if url.strip())

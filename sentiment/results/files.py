"""Every file and line that steps leave for others: its name, its type, who writes it."""

from __future__ import annotations

from typing import Any, NamedTuple

from sentiment.results import (
    backup,
    decision,
    decisions,
    deliveries,
    estimate,
    evaluation,
    events,
    experiment,
    export,
    model_card,
    probe,
    refreshment,
    report,
    serving,
    training,
    validation,
)


class ResultFile(NamedTuple):
    """A file below the home; `<…>` stands for a name. `types` are those of the file, or of its lines."""

    name: str
    types: tuple[type[Any], ...]
    verb: str


RUN = "runs/<run>/"
FILES = (
    ResultFile(f"{RUN}ingest.json", (deliveries.Ingest,), "ingest"),
    ResultFile(f"{RUN}prepare.json", (deliveries.Prepare,), "prepare"),
    ResultFile(f"{RUN}check.json", (deliveries.Check,), "check"),
    ResultFile(f"{RUN}train.json", (training.Training,), "train, distil"),
    ResultFile(f"{RUN}model/model.json", (model_card.ModelCard,), "train, distil"),
    ResultFile(f"{RUN}model/report.json", (report.TrainingReport,), "train, distil"),
    ResultFile("<output>/test_report.json", (report.TestReport,), "test"),
    ResultFile(f"{RUN}evaluation.json", (evaluation.Evaluation,), "evaluate"),
    ResultFile(f"{RUN}gate.json", (decision.Gate,), "gate"),
    ResultFile(f"{RUN}export.json", (export.Export,), "export"),
    ResultFile(f"{RUN}validate.json", (validation.Validation,), "validate"),
    ResultFile(f"{RUN}experiment-plan.json", (experiment.ExperimentPlan,), "experiment-plan"),
    ResultFile(f"{RUN}results.json", (experiment.Results,), "experiment-table"),
    ResultFile("runs/bench/experiments.json", (experiment.Listing,), "experiment-table"),
    ResultFile("runs/bench/lr/rows/<row>.json", (experiment.Row,), "experiment-train"),
    ResultFile("runs/bench/lr/failed/<row>.json", (experiment.FailedRow,), "experiment-train"),
    ResultFile("serving/history.jsonl", events.AnyEvent.__args__, "publish, canary, promote, withdraw, rollback"),
    ResultFile("serving/probes.jsonl", (probe.Probe,), "probe, watch"),
    ResultFile("serving/estimates.jsonl", (estimate.Night,), "evaluate"),
    ResultFile("serving/decisions.jsonl", (decisions.Decision,), "gate"),
    ResultFile("serving/refreshments.jsonl", (refreshment.Refreshment,), "refresh-tests"),
    ResultFile("serving/models/<model>/<version>/assets.extra/origin.json", (serving.Origin,), "publish"),
)
PRINTED = (
    ResultFile("", (estimate.Estimated,), "estimate"),
    ResultFile("", (serving.Published,), "publish"),
    ResultFile("", (serving.Outcome,), "canary, promote, withdraw, rollback"),
    ResultFile("", (probe.Probed, probe.NotProbed), "probe"),
    ResultFile("", (probe.Watch,), "watch"),
    ResultFile("", (experiment.ExperimentTable,), "experiment-table"),
    ResultFile("", (backup.Backup,), "backup"),
    ResultFile("", (backup.Restored,), "restore"),
)

"""`sentiment bench EXPERIMENT`: prints a table and keeps it, with all numbers and a plot, in one folder."""

from __future__ import annotations

import click

from sentiment.bench import airflow, alarms, data, distil, encoders, gate, length, nightly, size
from sentiment.bench.hostile import hostile
from sentiment.bench.load import serve
from sentiment.bench.pretraining import pretrain
from sentiment.bench.scoring import score
from sentiment.bench.speed import predict, train
from sentiment.experiments import lr


@click.group("bench")
def command() -> None:
    """Compare formats, learning rates, batch sizes and gates; time the data steps, Airflow and the model server.

    An experiment's table, numbers and plot go to runs/bench/EXPERIMENT/ or to --output.
    """


for experiment in (
    size.command,
    lr.command,
    encoders.command,
    pretrain.command,
    length.command,
    distil.command,
    data.command,
    score.command,
    train.command,
    predict.command,
    serve.command,
    hostile.command,
    airflow.command,
    nightly.command,
    gate.command,
    alarms.command,
):
    command.add_command(experiment)

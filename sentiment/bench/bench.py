"""`sentiment bench EXPERIMENT`: each one prints a table, and keeps it with its numbers and a plot in one folder."""

from __future__ import annotations

import click

from sentiment.bench import airflow, data, length, size
from sentiment.bench.load import serve
from sentiment.experiments import lr


@click.group("bench")
def command() -> None:
    """Compare: formats by size and by load, models by learning rate, lengths by the batch; time data steps, Airflow.

    An experiment's table, numbers and plot go to runs/bench/EXPERIMENT/, or to --output.
    """


for experiment in (size.command, lr.command, length.command, data.command, serve.command, airflow.command):
    command.add_command(experiment)

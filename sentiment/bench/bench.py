"""`sentiment bench EXPERIMENT`: each one prints a table, and keeps it with its numbers and a plot in one folder."""

from __future__ import annotations

import click

from sentiment.bench import data, length, lr, size


@click.group("bench")
def command() -> None:
    """Compare: formats by size, models by learning rate, lengths by the batch that fits; time the data steps.

    An experiment's table, numbers and plot go to runs/bench/EXPERIMENT/, or to --output.
    """


for experiment in (size.command, lr.command, length.command, data.command):
    command.add_command(experiment)

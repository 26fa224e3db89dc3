"""The plot of a sweep: accuracy on the test set by learning rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sentiment.experiments import results, sweep
from sentiment.experiments.sweep import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(groups: Sequence[Group]) -> Callable[[Figure], None]:
    """Returns what draws the accuracy on the test set by learning rate, a line a model; untrained ones are dotted."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        for index, model in enumerate(dict.fromkeys(group.model for group in groups)):
            members = [group for group in groups if group.model == model and group.mean["test_acc"] is not None]
            _draw_model(axes, model, members, results.COLOURS[index % len(results.COLOURS)])
        axes.set_xscale("log")
        shown = sorted({group.learning_rate for group in groups if group.learning_rate})
        axes.set_xticks(shown, [sweep.rate_as_text(rate) for rate in shown])
        axes.minorticks_off()
        axes.set(xlabel="learning rate", ylabel="accuracy on test.tsv", title="Accuracy by learning rate")
        axes.grid(axis="y", alpha=0.3)
        if axes.has_data():
            axes.legend(frameon=False)

    return fill


def _draw_model(axes: Axes, model: str, members: Sequence[Group], colour: str) -> None:
    trained = sorted((g for g in members if g.learning_rate is not None), key=lambda g: g.learning_rate or 0)
    if trained:
        rates = [group.learning_rate or 0.0 for group in trained]
        heights, bars = (
            [float(value or 0) for value in values]
            for values in (
                [group.mean["test_acc"] for group in trained],
                [group.deviation["test_acc"] for group in trained],
            )
        )
        spread = bars if any(bars) else None
        axes.errorbar(rates, heights, yerr=spread, marker="o", capsize=4, color=colour, label=model)
    for group in members:
        if group.learning_rate is None:
            height = float(group.mean["test_acc"] or 0)
            axes.axhline(height, color=colour, linestyle=":", label=f"{model}, not trained")

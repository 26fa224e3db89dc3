"""`sentiment VERB`: the whole system, one command per step.

A verb's module is imported only when the verb runs, so `sentiment status` never waits for TensorFlow.
"""

from __future__ import annotations

import importlib
import os
import sys

import click
from click.exceptions import NoSuchCommand

from sentiment import step

VERBS = {
    "ingest": ("sentiment.data.ingest", "take in newly labelled files; accept or quarantine each row"),
    "disagreements": ("sentiment.data.disagreements", "show texts that two sources label differently, or decide them"),
    "prepare": ("sentiment.data.prepare", "make a run's training and test files from the new posts"),
    "check": ("sentiment.checks.check", "check a run's new posts before anything is trained on them"),
    "lineage": ("sentiment.lineage.lineage", "show what a model was trained on and tested with"),
    "retract": ("sentiment.lineage.retract", "take a delivery out of training and tests; list the models that saw it"),
    "model-card": ("sentiment.lineage.model_card", "show what a version is for, made of, worth, and not fit for"),
    "forget": ("sentiment.lineage.forget", "delete texts on request, and list the models that saw them"),
    "mix": ("sentiment.data.mix", "mix old rows into new ones, from file to file"),
    "pretrain": ("sentiment.pretraining.pretrain", "make an encoder from posts without labels"),
    "refresh-encoder": ("sentiment.pretraining.refresh", "pretrain the home's own encoder on its corpus as it is now"),
    "train": ("sentiment.training.train", "fine-tune a model"),
    "distil": ("sentiment.distillation.distil", "make a small model that answers like a large one"),
    "test": ("sentiment.evaluation.test", "evaluate one model on a TSV"),
    "report": ("sentiment.report.render", "draw a model's report page again"),
    "evaluate": ("sentiment.evaluation.evaluate", "score candidate and stable side by side"),
    "must-hold": ("sentiment.evaluation.must_hold", "show the cases that must hold, or add a correction to them"),
    "refresh-tests": (
        "sentiment.evaluation.refresh_tests",
        "replace the frozen test set by newer rows that no model was trained on",
    ),
    "gate": ("sentiment.gate.gate", "decide from an evaluation whether a candidate may be published"),
    "replay": ("sentiment.gate.replay", "decide on earlier runs again, by today's rules of the gate"),
    "estimate": ("sentiment.evaluation.estimate", "estimate the accuracy on posts without labels"),
    "predict": ("sentiment.evaluation.predict", "classify a TSV, or lines on stdin"),
    "infer": ("sentiment.evaluation.infer", "classify what you type, at a prompt"),
    "score": ("sentiment.scoring.score", "score every post of an archive, each exactly once"),
    "compare-scores": ("sentiment.scoring.compare_scores", "show what changed between two versions' scores"),
    "export": ("sentiment.export.export", "turn a trained model into a SavedModel for serving"),
    "validate": (
        "sentiment.validation.validate",
        "test an export in a throw-away server: answers, response times, memory",
    ),
    "publish": ("sentiment.validation.publish", "copy an export into the served folder as the next version"),
    "canary": ("sentiment.serving.canary", "load a version and give it the canary label"),
    "promote": ("sentiment.serving.promote", "make the canary stable"),
    "withdraw": ("sentiment.serving.withdraw", "remove the canary from the servers"),
    "rollback": ("sentiment.serving.rollback", "make an earlier version stable again"),
    "probe": ("sentiment.probe.probe", "ask stable and canary the same labelled posts"),
    "watch": ("sentiment.probe.watch", "probe the canary; withdraw it after bad probes in a row"),
    "verify": ("sentiment.probe.verify", "check that the servers answer as the history says"),
    "status": ("sentiment.status.status", "show versions, labels and servers"),
    "backup": ("sentiment.backup.backup", "copy what a home cannot make again into a dated folder"),
    "restore": ("sentiment.backup.restore", "put a backup in the place of what is damaged or gone"),
    "serve": ("sentiment.model_server.serve", "run the embedded model server"),
    "bench": ("sentiment.bench.bench", "run an experiment: learning rates, lengths, sizes, data, load"),
    "check-gpu": ("sentiment.gpu_check.check", "try everything that needs a GPU; say what could not be tried"),
    "experiment-plan": ("sentiment.experiments.plan", "list the trainings of an experiment"),
    "experiment-train": ("sentiment.experiments.train", "run one training of an experiment"),
    "experiment-table": ("sentiment.experiments.table_of", "make the table and the plot of an experiment"),
    "demo": ("sentiment.demo.demo", "run the whole loop on one machine"),
}


class Verbs(click.Group):
    """A group that imports a verb's module (its `command`) only when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:  # click suggests commands that it has loaded: none
            raise NoSuchCommand(error.command_name, possibilities=VERBS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in VERBS.items()])


@click.command(
    cls=Verbs,
    subcommand_metavar="VERB [OPTIONS]...",
    options_metavar="",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="sentiment")
def group() -> None:
    """Keep a Chinese sentiment model fresh: retrain, gate, serve, promote, roll back."""


def main() -> None:
    """Runs a verb. Exit codes: 0 done, 2 bad usage or bad input, 1 anything else, 130 interrupted."""
    # Any Python that is started from here, by a library of ours too, takes no modules from the user's folder.
    os.environ["PYTHONSAFEPATH"] = "1"
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str], command: click.Command = group, name: str = step.SENTIMENT) -> int:
    """Runs `sentiment ARGUMENTS` (or another command) in this process and returns its exit code."""
    return step.run(arguments, command, name)


if __name__ == "__main__":
    main()

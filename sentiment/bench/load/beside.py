"""A model's server beside what people had before, or would write themselves.

ours       the model's export, as it is served: requests share batches, the tokenizer is in the graph
older      the same server, asked as the older tool was: ids padded to the longest length, each request alone
pipeline   FastAPI with Hugging Face's pipeline on PyTorch, where `make bench-tools` has installed both
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sentiment.bench.load.targets import GRAPH, OFF, Target
from sentiment.bench.speed import tools
from sentiment.bench.speed.asked import asked
from sentiment.bench.speed.machine import this_processor
from sentiment.bench.speed.start import write_theirs
from sentiment.experiments import child
from sentiment.export.export import export
from sentiment.model.folder import open_model, read_card
from sentiment.step import say

OURS, OLDER, PIPELINE = "ours", "the older way", "FastAPI + pipeline"


@contextmanager
def beside(model: Path, work: Path, named: Path | None) -> Iterator[tuple[list[Target], list[str]]]:
    """Yields the servers to ask, ours first, and lines about the machine and about what is not here.

    The model is exported twice, into `work`. `named`: the Python that has PyTorch.
    """
    python = tools.python_of(named)
    targets = [Target(OURS, _exported(model, work, GRAPH)), _older(model, work)]
    lines = [this_processor().told()]
    if python is None:
        yield targets, [*lines, f"{PIPELINE}: not here: {tools.HOW}"]
        return
    write_theirs(work / "theirs", open_model(model))
    job = {"model": str(work / "theirs"), "max_seq_length": read_card(model).max_seq_length}
    say(f"bench serve: starting {PIPELINE} …")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(asked(tools.script(python, "pipeline_server"), job))
        except child.Failed as error:
            lines.append(f"{PIPELINE}: did not start: {error}")
        else:
            targets.append(Target(PIPELINE, addresses=(("rest", str(server.ready["rest"])),), pid=server.pid))
        yield targets, lines


def _older(model: Path, work: Path) -> Target:
    return Target(OLDER, _exported(model, work, OFF), OFF, padded=True)


def _exported(model: Path, work: Path, batching: str) -> Path:
    say(f"bench serve: exporting {model}, {batching} …")
    folder = work / f"export-{batching}" / "1"
    export(model, folder, [], batching=batching == GRAPH)
    return folder

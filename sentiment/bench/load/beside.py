"""A model's server beside what people had before, or would write themselves.

ours       the model's export, as it is served: requests share batches, the tokenizer is in the graph
in 8 bits  the same with 8-bit products, where the processor multiplies int8 itself
older      the same server, asked as the older tool was: ids padded to the longest length, each request alone
Ray Serve  the same export as ours, in a replica that batches; it was not made for this model
pipeline   FastAPI with Hugging Face's pipeline on PyTorch

The last two are there where `make bench-tools` has installed what they need.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sentiment.bench.load.targets import GRAPH, OFF, Target
from sentiment.bench.speed import tools
from sentiment.bench.speed.asked import asked
from sentiment.bench.speed.machine import this_processor
from sentiment.bench.speed.start import write_theirs
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.experiments import child
from sentiment.export.export import export
from sentiment.model.folder import open_model, read_card
from sentiment.step import say

OURS, OLDER, RAY, PIPELINE = "ours", "the older way", "Ray Serve", "FastAPI + pipeline"
EIGHT_BITS = "ours, in 8 bits"
GRACE = 30.0  # seconds that Ray has to end its processes


@contextmanager
def beside(
    model: Path, posts: Sequence[Post], work: Path, named: Path | None
) -> Iterator[tuple[list[Target], list[str]]]:
    """Yields the servers to ask, ours first, and lines about the machine and about what is not here.

    The model is exported into `work`, with the 8-bit ranges of `posts`. `named`: the Python that has PyTorch.
    """
    python, processor = tools.python_of(named), this_processor()
    batching = _exported(model, work, GRAPH)
    alone = _exported(model, work, OFF)
    targets, lines = [Target(OURS, batching), Target(OLDER, alone, OFF, padded=True)], [processor.told()]
    if processor.int8:
        try:
            targets.append(Target(EIGHT_BITS, _in_8_bits(model, posts, work)))
        except InputError as error:
            lines.append(f"{EIGHT_BITS}: not here: {error}")
    if python is None:
        yield targets, [*lines, f"{RAY} and {PIPELINE}: not here: {tools.HOW}"]
        return
    write_theirs(work / "theirs", open_model(model))
    with ExitStack() as stack:
        # The paths of Ray's sockets may be only so long.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))
        jobs: dict[str, tuple[str, dict[str, Any]]] = {
            # It batches by itself, so its export is the one that does not; its work is that of several processes.
            RAY: ("ray_server", {"export": str(alone), "folder": folder}),
            PIPELINE: (
                "pipeline_server",
                {"model": str(work / "theirs"), "max_seq_length": read_card(model).max_seq_length},
            ),
        }
        for name, (script, job) in jobs.items():
            say(f"bench serve: starting {name} …")
            try:
                server = stack.enter_context(asked(tools.script(python, script), job, GRACE if name == RAY else 0.0))
            except child.Failed as error:
                lines.append(f"{name}: did not start: {error}")
                continue
            pid = None if name == RAY else server.pid
            targets.append(Target(name, addresses=(("rest", str(server.ready["rest"])),), pid=pid))
        yield targets, lines


def _in_8_bits(model: Path, posts: Sequence[Post], work: Path) -> Path:
    """Exports with 8-bit products, untried: what is compared is the time. Raises: InputError when that cannot be."""
    from sentiment.export import int8
    from sentiment.model.batches import encode

    say(f"bench serve: exporting {model} in 8 bits …")
    opened, folder = open_model(model), work / "export-8-bits" / "1"
    int8.save(opened, encode(opened.tokenizer, posts), folder)
    return folder


def _exported(model: Path, work: Path, batching: str) -> Path:
    say(f"bench serve: exporting {model}, {batching} …")
    folder = work / f"export-{batching}" / "1"
    export(model, folder, [], batching=batching == GRAPH)
    return folder

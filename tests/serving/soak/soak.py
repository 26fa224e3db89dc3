"""Mixed load on the embedded server while versions come and go: `soak.py SECONDS OUTPUT [--rate N] [FLAG …]`.

The server, the load and the operators are three processes. Writes OUTPUT/soak.json, soak.png, and what
they are made of: answers.jsonl, changes.jsonl, samples.jsonl, server.log. Exit code 0 when it held, 1 when not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from judge import growth, judge  # noqa: E402

from sentiment import processes  # noqa: E402

READY_SECONDS = 120.0
PAGE_FACTOR = 1024
# What may grow after the warm-up: memory by this share of itself or so many bytes in all, whichever is more.
MEMORY_SHARE, MEMORY_BYTES = 0.05, 64_000_000
THREADS, DESCRIPTORS = 8, 16


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("seconds", type=float)
    options.add_argument("output", type=Path)
    options.add_argument("--rate", type=float, default=150.0, help="requests a second")
    options.add_argument("--workers", type=int, default=8, help="callers at a time")
    options.add_argument("--pause", type=float, default=3.0, help="seconds between two verbs, about")
    given, flags = options.parse_known_args()
    given.output.mkdir(parents=True, exist_ok=True)
    for earlier in ("progress.json", "changes.jsonl"):
        (given.output / earlier).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        result = soak(given, flags, Path(folder))
    (given.output / "soak.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draw(given.output, result)
    print(json.dumps({key: result[key] for key in ("held", "why", "seconds", "answers", "verbs")}, ensure_ascii=False))
    return 0 if result["held"] else 1


def soak(given: argparse.Namespace, flags: list[str], folder: Path) -> dict[str, Any]:
    """Runs everything for `given.seconds` and returns what was seen."""
    toys = folder / "toys"
    make_toys(toys)
    samples: list[dict[str, Any]] = []
    with running_server(folder, given.output, flags) as (process, server):
        operators = start(
            "changes.py", folder / "home", server["rest"], toys, given.output / "changes.jsonl", given.pause
        )
        with finishing(operators):
            wait_until_stable(given.output / "changes.jsonl", operators)
            load = start("load.py", server["grpc"], server["rest"], given.output, given.rate, given.workers)
            with finishing(load):
                wait_until_asked(given.output / "progress.json", load)
                watch(process, given, samples)
                finish(operators)  # first: the answers to its last verb are judged, too
        died = [name for name, one in (("the server", process),) if one.poll() is not None]
    lines, changes = (read(given.output / f"{name}.jsonl") for name in ("answers", "changes"))
    return {**verdict(judge(lines, changes), samples, died), "seconds": given.seconds, "flags": flags}


def make_toys(folder: Path) -> None:
    script = f"""if True:
        import sys; sys.path.insert(0, {str(HERE.parents[1])!r})
        from pathlib import Path
        from support.toy_servers import VERSIONS, save_toy
        for version in VERSIONS: save_toy(Path({str(folder)!r}, str(version)), version)"""
    subprocess.run([sys.executable, "-c", script], check=True, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def running_server(folder: Path, output: Path, flags: list[str]) -> Iterator[tuple[subprocess.Popen[Any], Any]]:
    """Yields `sentiment serve` of a new home, and what its ready file says."""
    home, ready = folder / "home", folder / "ready.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENTIMENT_")}
    options = ["serve", "--port", "0", "--rest-api-port", "0", "--ready-file", str(ready), *flags]
    environment["SENTIMENT_HOME"] = str(home)
    with (output / "server.log").open("wb") as log:
        process = processes.start_module(
            "sentiment", options, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        with finishing(process):
            deadline = time.monotonic() + READY_SECONDS
            while not ready.exists():
                assert process.poll() is None, (output / "server.log").read_text()[-2000:]
                assert time.monotonic() < deadline, "the server is not ready"
                time.sleep(0.1)
            yield process, json.loads(ready.read_text())


def start(script: str, *arguments: object) -> subprocess.Popen[Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENTIMENT_")}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)


def finish(process: subprocess.Popen[Any]) -> None:
    """Tells a process to come to an end, and waits for it."""
    if process.stdin:
        process.stdin.close()
    else:
        process.terminate()
    process.wait(READY_SECONDS)


@contextlib.contextmanager
def finishing(process: subprocess.Popen[Any]) -> Iterator[None]:
    try:
        yield
        finish(process)
    finally:
        process.kill()
        process.wait()


def wait_until_stable(file: Path, operators: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not (file.exists() and any(change["stable"] for change in read(file))):
        assert operators.poll() is None, "the operators' process has ended"
        assert time.monotonic() < deadline, f"no stable version: {read(file) if file.exists() else 'no verb yet'}"
        time.sleep(0.2)


def wait_until_asked(file: Path, load: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not (file.exists() and json.loads(file.read_text()).get("requests")):
        assert load.poll() is None, "the load's process has ended"
        assert time.monotonic() < deadline, "nothing is asked"
        time.sleep(0.2)


def watch(process: subprocess.Popen[Any], given: argparse.Namespace, samples: list[dict[str, Any]]) -> None:
    """Looks at the server every second, and says how it goes every ten."""
    began = time.monotonic()
    with (given.output / "samples.jsonl").open("w", encoding="utf-8") as file:
        while (now := time.monotonic()) < began + given.seconds and process.poll() is None:
            samples.append(sample(process.pid, now - began))
            file.write(json.dumps(samples[-1]) + "\n")
            file.flush()
            if len(samples) % 10 == 1:
                say(given, samples[-1], began)
            time.sleep(max(0.0, now + 1.0 - time.monotonic()))


def say(given: argparse.Namespace, last: dict[str, Any], began: float) -> None:
    progress = given.output / "progress.json"
    counts = json.loads(progress.read_text()) if progress.exists() else {}
    changes = len(read(given.output / "changes.jsonl"))
    print(
        f"soak: {given.seconds - (time.monotonic() - began):,.0f} s left; {counts.get('requests', 0):,} requests,"
        f" {counts.get('failed', 0)} failed, {changes} verbs; {last['memory'] / 1e6:,.0f} MB,"
        f" {last['threads']} threads, {last['descriptors']} descriptors",
        file=sys.stderr,
        flush=True,
    )


def sample(pid: int, at: float) -> dict[str, Any]:
    """Returns memory in bytes, threads, open files and seconds of processor of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "at": round(at, 2),
        "clock": time.monotonic(),
        "memory": int(status["VmRSS"].split()[0]) * PAGE_FACTOR,
        "threads": int(status["Threads"]),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "processor": processes.processor_seconds(pid),
    }


def read(file: Path) -> list[Any]:
    """Returns the whole lines of a file that may be written to just now."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]


def verdict(seen: dict[str, Any], samples: list[dict[str, Any]], died: list[str]) -> dict[str, Any]:
    """Returns what was seen, and why it did not hold, if it did not."""
    grew = {field: growth(samples, field) for field in ("memory", "threads", "descriptors")}
    bounds = {
        "memory": max(MEMORY_BYTES, MEMORY_SHARE * grew["memory"]["from"]),
        "threads": THREADS,
        "descriptors": DESCRIPTORS,
    }
    why = [f"{name} ended" for name in died] + seen["shown"] + seen["verb_errors"]
    for field, bound in bounds.items():
        if grew[field]["to"] - grew[field]["from"] > bound:
            why.append(f"{field} grew from {grew[field]['from']:,.0f} to {grew[field]['to']:,.0f}")
    return {**seen, "growth": grew, "bounds": bounds, "held": not why, "why": why}


def draw(output: Path, result: dict[str, Any]) -> None:
    """Draws memory and latency over time to soak.png."""
    from matplotlib.figure import Figure

    samples, answers = read(output / "samples.jsonl"), read(output / "answers.jsonl")
    figure = Figure(figsize=(9, 6), dpi=110, layout="constrained")
    upper, lower = figure.subplots(2, sharex=True)
    upper.plot([s["at"] for s in samples], [s["memory"] / 1e6 for s in samples], color="#2a6fbb", label="memory, MB")
    upper.set(
        ylabel="MB",
        ylim=(0, 1.1 * max(s["memory"] for s in samples) / 1e6),
        title=f"{result['seconds']:,.0f} s, {sum(result['verbs'].values())} verbs",
    )
    other = upper.twinx()
    other.plot([s["at"] for s in samples], [s["threads"] for s in samples], color="#3a8f5c", lw=1, label="threads")
    other.plot(
        [s["at"] for s in samples], [s["descriptors"] for s in samples], color="#8a5aa8", lw=1, label="open files"
    )
    other.set(ylabel="count", ylim=(0, None))
    upper.legend(handles=[*upper.get_lines(), *other.get_lines()], frameon=False, loc="lower right")
    began = samples[0]["clock"]
    taken: dict[int, list[float]] = {}
    for line in answers:
        if line[2] == "stable":
            taken.setdefault(int(line[0] - began), []).append(1000 * (line[1] - line[0]))
    for share, colour in ((0.5, "#2a6fbb"), (0.99, "#d1602a")):
        shown = [sorted(values)[int(share * (len(values) - 1))] for _, values in sorted(taken.items())]
        lower.plot(sorted(taken), shown, color=colour, lw=1, label=f"p{share * 100:.0f} of stable, per second")
    lower.set(yscale="log", xlabel="seconds", ylabel="ms")
    lower.legend(frameon=False)
    figure.savefig(output / "soak.png")


if __name__ == "__main__":
    sys.exit(main())

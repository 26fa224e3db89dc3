"""Judges what a command left: returns its figures in words, or raises what must hold and does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.text.units import bytes_as_text, counted, percent

LOSS_OF_ACCURACY = 0.05  # that another arithmetic or a shared batch may cost
DIFFERENCE = 0.01  # of a probability with and without XLA
AGREEMENT = 0.98  # the share of rows with the same label
Found = Mapping[str, Any]


class Unmet(Exception):
    """Something ran and is not as it must be; the text says what must hold and what was found."""


def require(holds: bool, must_hold: str, found: object) -> None:
    if not holds:
        raise Unmet(f"{must_hold}; found {found}")


def training(found: Found, kind: str, devices: int = 1, precision: str = "float32") -> str:
    """A training on `devices` devices of `kind` (GPU or CPU), in arithmetic that begins with `precision`."""
    names = found["devices"]
    require(len(names) == devices, f"it must train on {counted(devices, 'device')}", ", ".join(names))
    require(all(name.startswith(kind) for name in names), f"it must train on the {kind}", ", ".join(names))
    require(found["precision"].startswith(precision), f"it must train in {precision}", found["precision"])
    metrics = found["test"]
    commonest = max(metrics["support"]) / sum(metrics["support"])
    require(
        metrics["accuracy"] > commonest, f"it must learn more than {percent(commonest)}", percent(metrics["accuracy"])
    )
    return f"{found['precision']}, {found['rows_per_second']:,.0f} rows/s, accuracy {percent(metrics['accuracy'])}"


def no_worse(found: Found, alone: Found) -> None:
    """The accuracy of a training beside that of the one in float32 on one device."""
    least = alone["test"]["accuracy"] - LOSS_OF_ACCURACY
    accuracy = found["test"]["accuracy"]
    require(accuracy >= least, f"its accuracy must be at least {percent(least)}", percent(accuracy))


def xla(found: Found, kind: str) -> str:
    parity = found["parity"]
    require(found["device"].startswith(kind), f"XLA must compute on the {kind}", found["device"])
    difference = parity["largest_difference"]
    require(difference <= DIFFERENCE, f"XLA must change no probability by more than {DIFFERENCE}", difference)
    require(parity["agreement"] >= AGREEMENT, f"XLA must keep {percent(AGREEMENT)} of the labels", parity["agreement"])
    return f"{found['plain_ms']:.1f} → {found['xla_ms']:.1f} ms, compiled in {found['compile_seconds']:.0f} s"


def export(found: Found, name: str) -> str:
    """An export to the format `name`, which has been compared with the trained model."""
    made = found["formats"][name]
    require(made["made"], f"the {name} export must be made", made.get("why"))
    parity = made["parity"]
    return f"{bytes_as_text(made['bytes'])}, differs by {parity['largest_difference']:.2g} in {parity['rows']} rows"


def engines(found: Found, files: Mapping[str, int]) -> str:
    """The engines of a conversion, and their files with the bytes of each."""
    count = found["formats"]["tensorrt"]["engines"]
    empty = [name for name, size in files.items() if size == 0]
    require(len(files) > 0 and not empty, "every engine must have been built in advance", empty or "no engine's file")
    return f"{counted(count, 'engine')} in the graph, {bytes_as_text(sum(files.values()))} built"


def ran(found: Found) -> str:
    """The engines, asked where nothing may replace them."""
    return f"{found['shapes']} shapes in {found['smallest_ms']:.1f} to {found['largest_ms']:.1f} ms"


def served(found: Found) -> str:
    """A validation in a throw-away server."""
    require(found["passed"], "the throw-away server must answer like the trained model", found["sentence"])
    times = [f"{each['batch']}×{each['length']} in {each['p50_ms']:.1f} ms" for each in extremes(found["latency"])]
    return f"{', '.join(times)}, {bytes_as_text(found['peak_memory_bytes'])} of memory"


def extremes(latency: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the smallest and the largest shape that was timed."""
    ordered = sorted(latency, key=lambda each: (each["batch"], each["length"]))
    return ordered[:: max(len(ordered) - 1, 1)][:2]

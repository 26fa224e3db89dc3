"""How the work is done: what an engine is told, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.errors import UnavailableError

LOCAL, RAY = "local", "ray"


@dataclass(frozen=True)
class Engine:
    """How the work is done. `actors`, `gpus` and `address` are Ray's; `threads` are those of a copy of the model."""

    name: str
    batch_size: int
    threads: int | None = None
    actors: int | None = None
    gpus: float = 0
    address: str = ""


def unreachable(address: str, reason: str) -> UnavailableError:
    return UnavailableError(
        f"the Ray cluster at {address} must answer",
        found=" ".join(reason.split())[:200],
        do="Check --address, and `ray status` there; --engine local needs no cluster.",
    )

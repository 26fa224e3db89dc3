"""Which processor this is, how many of its cores may be used, and which short numbers it multiplies by itself."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from sentiment.model.arithmetic import multiplies_bfloat16, multiplies_int8, processors


@dataclass(frozen=True)
class Processor:
    """The machine's processor, and what of it this process may use."""

    name: str
    cores: int
    bfloat16: bool
    int8: bool

    def told(self) -> str:
        """Returns the line for people."""
        short = ", ".join(
            f"multiplies {what} natively" if native else f"does not multiply {what} natively"
            for what, native in (("bf16", self.bfloat16), ("int8", self.int8))
        )
        return f"{self.name}, {self.cores} {'core' if self.cores == 1 else 'cores'}; {short}"


def this_processor() -> Processor:
    return processor_of(processors(), len(os.sched_getaffinity(0)))


def processor_of(told: str, cores: int) -> Processor:
    """Returns the processor of which /proc/cpuinfo says so much."""
    lines = [(name.strip(), value) for name, _, value in (line.partition(":") for line in told.splitlines())]
    names = [" ".join(value.split()) for name, value in lines if name == "model name"]
    name = next(filter(None, names), platform.machine())
    return Processor(name, cores, multiplies_bfloat16(told), multiplies_int8(told))

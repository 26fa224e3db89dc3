"""What a step's container may not do, in one place: runners ask for it, and the engine's proxy insists on it.

A step computes and writes into the home. It needs no capability, no new privilege and nothing writable but the home,
/tmp and /dev/shm; so what takes a step over, for example through a hostile model file, gains little more.
"""

from __future__ import annotations

from typing import Any

TMP = "/tmp"
TMP_SIZE = "1g"  # counts as the step's memory where it is memory
PROCESSES = 4096  # TensorFlow starts several threads a core; a fork bomb starts without end

# In the words of docker-py's `create_host_config`.
CONFINED: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "read_only": True,
    "tmpfs": {TMP: f"rw,nosuid,nodev,noexec,size={TMP_SIZE},mode=1777"},
    "pids_limit": PROCESSES,
}

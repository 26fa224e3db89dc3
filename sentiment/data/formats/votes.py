"""Votes on tasks, eight bytes each: what somebody says that a task's label is, or is not."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

TASK_BYTES = 7  # of a task's hash
_AGAINST = 0x80  # a vote's last byte: the label's id, and this when it is a vote against the label
_MOST_LABELS = 0x7F


def vote(task: int, label: int, against: bool = False) -> int:
    """Returns a vote on the task with this hash."""
    return task << 8 | min(label, _MOST_LABELS) | (_AGAINST if against else 0)


def disputed(votes: array[int]) -> Iterator[int]:
    """Yields the tasks with votes for two labels, or for and against one."""
    import numpy as np

    ordered = np.unique(np.frombuffer(votes, dtype=np.uint64)) if votes else np.empty(0, np.uint64)
    tasks, ballots = ordered >> np.uint64(8), (ordered & np.uint64(0xFF)).astype(np.int64)
    repeated = np.flatnonzero(tasks[1:] == tasks[:-1])
    seen: dict[int, set[int]] = {}
    for place in repeated.tolist():
        seen.setdefault(int(tasks[place]), set()).update((int(ballots[place]), int(ballots[place + 1])))
    for task, given in seen.items():
        wanted = {ballot for ballot in given if not ballot & _AGAINST}
        if len(wanted) > 1 or any(ballot | _AGAINST in given for ballot in wanted):
            yield task


def disputed_between(files: Sequence[array[int]]) -> frozenset[int]:
    """Returns the tasks that are in two of the files and have votes for two labels."""
    import numpy as np

    given = [np.unique(np.frombuffer(votes, dtype=np.uint64)) for votes in files if votes]
    if len(given) < 2:
        return frozenset()
    in_files = np.concatenate([np.unique(votes >> np.uint64(8)) for votes in given])
    tasks, files_of = np.unique(in_files, return_counts=True)
    labels_of = np.unique(np.unique(np.concatenate(given)) >> np.uint64(8), return_counts=True)[1]
    return frozenset(tasks[(files_of > 1) & (labels_of > 1)].tolist())

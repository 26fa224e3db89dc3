"""A process that is killed in the middle of its work, at a place that a test names."""

from __future__ import annotations

# A part of a program: SIGKILL at the `calls`-th call of the function `name` of `owner`. It needs `os` and `signal`.
AT_CALL = """
whole = getattr(owner, name)
def counting(*arguments, **named):
    global calls
    calls -= 1
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments, **named)
setattr(owner, name, counting)
"""

"""What a client reads when something went wrong inside."""

from __future__ import annotations

import pytest

from sentiment.model_server.refusal import Code, essence, refusal_of

STACK = """Graph execution error:

Detected at node batch/BatchFunction defined at (most recent call last):
  File "/home/somebody/threading.py", line 1002, in _bootstrap

  File "/home/somebody/servable.py", line 54, in run
    return self.signature(inputs)
Task size 11 is larger than 4 [[1 2] [3 4]]
\t [[{{node batch/BatchFunction}}]] [[StatefulPartitionedCall]] [Op:__inference_enqueue_4832]"""


def test_a_graph_s_error_is_told_in_one_line_without_the_server_s_stack() -> None:
    assert essence(STACK) == "Task size 11 is larger than 4 [[1 2] [3 4]]"


def test_no_name_of_a_function_is_told() -> None:
    assert essence("{{function_node __inference_f_105}} fixed_length (0) must be > 0") == "fixed_length (0) must be > 0"


@pytest.mark.parametrize("message", ["plain words", "", "Graph execution error:"])
def test_a_message_is_never_lost(message: str) -> None:
    assert essence(message) == message


def test_what_nobody_foresaw_is_an_internal_error_with_its_name() -> None:
    refusal = refusal_of(ZeroDivisionError("division by zero"))
    assert (refusal.code, str(refusal)) == (Code.INTERNAL, "ZeroDivisionError: division by zero")

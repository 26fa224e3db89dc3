"""Who is next, and who may hold how much: pure, without a clock."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from sentiment.model_server.connections import plain
from sentiment.model_server.fair import Caller, Share, client_at
from sentiment.model_server.fair_queue import FairQueue
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.turnstile import Turnstile


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("ipv4:127.0.0.1:4242", "127.0.0.1"),
        ("ipv6:[::1]:4242", "::1"),
        ("ipv6:%5B2001:db8::1%5D:4242", "2001:db8::1"),
        ("ipv6:%5B::ffff:10.0.0.7%5D:4242", "10.0.0.7"),
        ("ipv6:[fe80::1%25eth0]:4242", "fe80::1%eth0"),
        ("unix:/run/x", "unix:/run/x"),
        ("", ""),
    ],
)
def test_a_client_has_one_name_over_both_ports(peer: str, client: str) -> None:
    assert client_at(peer) == client


def test_a_client_of_ipv4_is_that_on_a_socket_of_ipv6_too() -> None:
    assert plain(("::ffff:10.0.0.7", 4242, 0, 0)) == plain(("10.0.0.7", 4242)) == ("10.0.0.7", 4242)


def order(queue: FairQueue) -> list[object]:
    found = []
    while queue:
        found.append(queue.pop()[1])
    return found


def test_a_small_request_goes_before_the_large_ones_of_another_client() -> None:
    queue = FairQueue()
    for number in range(16):
        queue.push(("hog", f"connection {number}"), 128, f"large {number}")
    queue.pop()
    queue.push(("other", "1"), 1, "small")
    assert order(queue)[0] == "small"


def test_a_small_request_goes_before_the_large_ones_of_other_connections_of_its_client() -> None:
    queue = FairQueue()
    for number in range(16):
        queue.push(("one", f"connection {number}"), 128, f"large {number}")
    queue.pop()
    queue.push(("one", "small"), 1, "small")
    assert order(queue)[0] == "small"


def test_clients_that_ask_for_as_much_take_turns_however_many_connections_they_have() -> None:
    queue = FairQueue()
    for number in range(6):
        queue.push(("many", f"{number}"), 1, "many")
    for _ in range(3):
        queue.push(("few", "1"), 1, "few")
    found = order(queue)[:6]
    assert (found.count("many"), found.count("few")) == (3, 3)


def test_requests_of_one_connection_keep_their_order() -> None:
    queue = FairQueue()
    for number, cost in enumerate((9, 1, 5, 1)):
        queue.push(("a", "1"), cost, number)
    assert order(queue) == [0, 1, 2, 3]


def test_one_client_may_hold_half_and_leaves_the_rest_to_others() -> None:
    share = Share(8)
    assert [share.take("a") for _ in range(5)] == [True] * 4 + [False]
    assert [share.take("b") for _ in range(3)] == [True] * 2 + [False]
    assert share.take("c")
    for client, amount in (("a", 4), ("b", 2), ("c", 1)):
        share.give_back(client, amount)
    assert share.free == 8


def test_a_caller_that_has_left_is_not_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment.model_server.turnstile.SECONDS_BETWEEN_LOOKS", 0.01)
    turnstile = Turnstile(1)
    gone = turnstile.enter(Caller(("b", "1"), is_there=lambda: False))
    with turnstile.enter(Caller(("a", "1"))), pytest.raises(Refusal, match="has left") as refused, gone:
        pytest.fail("it was let in")
    assert refused.value.code is Code.CANCELLED
    with turnstile.enter(Caller(("c", "1"))):
        assert turnstile._inside == 1


def test_a_caller_whose_time_is_up_is_not_let_in() -> None:
    turnstile = Turnstile(1)
    late = turnstile.enter(Caller(("b", "1"), until=time.monotonic() + 0.02))
    with turnstile.enter(Caller(("a", "1"))), pytest.raises(Refusal) as refused, late:
        pytest.fail("it was let in")
    assert refused.value.code is Code.DEADLINE_EXCEEDED


def test_what_is_inside_never_exceeds_the_capacity_and_all_get_in() -> None:
    turnstile, inside, most, lock = Turnstile(4), 0, 0, threading.Lock()
    done: list[int] = []

    def work(number: int) -> None:
        nonlocal inside, most
        cost = 1 + number % 4
        with turnstile.enter(Caller((str(number % 3), str(number))), cost):
            with lock:
                inside += cost
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= cost
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(done), most <= 4, turnstile._inside) == (60, True, 0)


def test_one_client_cannot_fill_what_is_shared_and_another_gets_in_at_once() -> None:
    turnstile, gate, inside = Turnstile(8, shared=True), threading.Event(), threading.Semaphore(0)

    def stay(number: int) -> None:
        with turnstile.enter(Caller(("greedy", str(number)))):
            inside.release()
            gate.wait(20)

    threads = [threading.Thread(target=stay, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            assert inside.acquire(timeout=20)
        assert not inside.acquire(timeout=0.05), "half of it, and no more"
        for name in ("a", "b"):
            with turnstile.enter(Caller((name, "1"), until=time.monotonic() + 5)):
                assert turnstile._inside == 5
    finally:
        gate.set()
    for thread in threads:
        thread.join(20)
    assert (turnstile._inside, turnstile._inside_of) == (0, {})


def test_one_that_was_left_inside_is_passed_by_and_a_second_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment.model_server.turnstile.SECONDS_BETWEEN_LOOKS", 0.01)
    turnstile, left = Turnstile(1, passed=1), threading.Event()

    def enter(name: str, seconds: float) -> Any:
        return turnstile.enter(Caller((name, "1"), until=time.monotonic() + seconds))

    with turnstile.enter(Caller(("a", "1"), is_there=lambda: not left.is_set())):
        with pytest.raises(Refusal), enter("b", 0.05):
            pytest.fail("whoever is there is not passed by")
        left.set()
        with enter("c", 5):
            assert (turnstile._inside, len(turnstile._passed)) == (1, 1)
        with turnstile.enter(Caller(("d", "1"), is_there=lambda: False)), pytest.raises(Refusal), enter("e", 0.05):
            pytest.fail("two at once are too many")
    assert (turnstile._inside, turnstile._passed, turnstile._present) == (0, set(), set())


def test_one_that_needs_more_than_is_left_is_not_overtaken_for_ever() -> None:
    """Small requests of others would otherwise keep a large one out as long as they come."""
    turnstile, entered = Turnstile(8, shared=True), threading.Event()

    def large() -> None:
        with turnstile.enter(Caller(("large", "1")), 6):
            entered.set()

    first = turnstile.enter(Caller(("small", "0")))
    first.__enter__()
    thread = threading.Thread(target=large)
    thread.start()
    while not turnstile.waiting:
        time.sleep(0.001)
    with pytest.raises(Refusal):
        for number in range(40):
            with turnstile.enter(Caller((f"small {number}", "1"), until=time.monotonic() + 0.05)):
                pass
    assert not entered.is_set()
    first.__exit__()
    thread.join(20)
    assert (entered.is_set(), turnstile._inside, turnstile._inside_of) == (True, 0, {})

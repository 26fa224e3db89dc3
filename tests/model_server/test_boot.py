"""The model of the real server's start, rule by rule; and every configuration that this project can write starts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment.errors import InputError
from sentiment.model_server.boot import Exits, Fate, Hangs, Machine, Outcome, Starts, boot
from sentiment.results.events import event_of
from sentiment.serving import models_config
from sentiment.serving.flags import read_flags
from sentiment.serving.rules import apply
from sentiment.serving.state import State
from sentiment.settings import CHECKOUT, Settings

HOME = Settings(home=Path("/home"))
CONFIG = "/c"
BERT = Fate("loads", 20.0)
NEVER = Fate("loads", math.inf)
SHIPPED = {
    f"/serving/{name}": (CHECKOUT / "serving" / name).read_text(encoding="utf-8") for name in ("monitoring.config",)
}
FLAGS = read_flags(CHECKOUT / "serving" / "flags", "/serving")
OWN = ["--port=8500", "--rest_api_port=8501", f"--model_config_file={CONFIG}"]
LABELS_LATER = "--allow_version_labels_for_unavailable_models=true"


def started(text: str | None, fates: dict[int, Fate], *flags: str, files: dict[str, str] | None = None) -> Outcome:
    """Returns how a start ends with these flags, a models.config and, below /models/sentiment, versions."""
    named = {CONFIG: text} if text is not None else {}
    return boot([f"--model_config_file={CONFIG}", *flags], Machine({**named, **(files or {})}, {"/m/sentiment": fates}))


def config(*versions: int, more: str = "", **labels: int) -> str:
    said = " ".join(f"versions: {version}" for version in versions)
    given = " ".join(f'version_labels {{ key: "{label}" value: {version} }}' for label, version in labels.items())
    return f"""model_config_list {{ config {{ name: "sentiment" base_path: "/m/sentiment" model_platform: "tensorflow"
        model_version_policy {{ specific {{ {said} }} }} {given} {more} }} }}"""


GOOD = {1: BERT}
BATCHING = "max_batch_size { value: 64 } enable_large_batch_splitting { value: true } allowed_batch_sizes: [1, 8]"


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (config(1), ["--port=0"], "At least one of server_options.grpc_port"),
        (config(1), ["--model_config_file_poll_wait_seconds=0.5"], "must be a whole number of 32 bits; found 0.5"),
        (config(1), ["--enable_batching=yes"], "enable_batching must be true or false; found yes"),
        (config(1), ["--model_config_file="], "Both server_options"),
        (config(1), ["--batching_parameters_file=/b"], "is set without setting enable_batching"),
        (config(1), ["--enable_batching", "--batching_parameters_file=/none"], "/none is no BatchingParameters"),
        (
            config(1),
            ["--enable_batching", "--batching_parameters_file=/b", "--max_num_load_retries=0"],
            "1 servable(s)",
        ),
        (config(1), [f"--tensorflow_{each}_parallelism=1" for each in ("intra_op", "inter_op", "session")], "all"),
        (config(1), ["--rest_api_port=8501", "--monitoring_config_file=/b"], "/b is no MonitoringConfig"),
        (None, [], "/c cannot be read"),
        ("", [], "/c is empty"),
        ("model_config_list {", [], "Invalid protobuf file: '/c'"),
        ("custom_model_config {}", [], "Only ModelConfigList is supported"),
        (config(1).replace("tensorflow", "x"), [], "unsupported platform x"),
        (config(1).replace("/m", "m"), [], "absolute path"),
        (config(1, stable=1), [], "Request to assign label to version 1 of model sentiment"),
    ],
)
def test_what_the_real_server_ends_with(text: str | None, flags: list[str], message: str) -> None:
    ended = started(text, GOOD, *flags, files={"/b": BATCHING})
    assert isinstance(ended, Exits) and message in ended.message


@pytest.mark.parametrize(
    ("text", "fates", "why"),
    [
        (config(1).replace("/m/sentiment", "/m/nothing"), GOOD, "Could not find base path /m/nothing"),
        (config(2), GOOD, "No versions of servable sentiment"),
        (config(1), {}, "No versions of servable sentiment"),
        (config(1), {1: NEVER}, "no version ever ends to load"),
    ],
)
def test_what_it_waits_for_without_an_end(text: str, fates: dict[int, Fate], why: str) -> None:
    hung = started(text, fates)
    assert isinstance(hung, Hangs) and why in hung.why
    assert isinstance(started(config(1), GOOD, "--file_system_poll_wait_seconds=-1"), Hangs)


@pytest.mark.parametrize("text", ["model_config_list {}", "# a comment"])
def test_no_model_is_a_start(text: str) -> None:
    assert started(text, GOOD, "--no_such_flag=1", "nonsense") == Starts({})


def test_the_first_version_that_settles_decides() -> None:
    """servable_state_monitor.cc:HasAnyServableInStreamReachedState."""
    assert started(config(1, 2), {1: BERT, 2: NEVER}) == Starts({"sentiment": (1,)}, 20.1)
    assert started(config(1, 2), {1: BERT, 2: Fate("loads", 1)}) == Starts({"sentiment": (2,)}, 1)
    quick = ["--max_num_load_retries=1", "--load_retry_interval_micros=1000000"]
    broken = started(config(1, 2), {1: BERT, 2: Fate("fails", 0)}, *quick)
    assert isinstance(broken, Exits) and "sentiment version 2" in broken.message
    six_tries_a_minute_apart = started(config(1, 2), {1: BERT, 2: Fate("fails", 0)})
    assert six_tries_a_minute_apart == Starts({"sentiment": (1,)}, 20.1)
    assert isinstance(started(config(1, 2), {1: BERT, 2: Fate("kills", 3)}), Exits)


# Every configuration that this project can write.

FATES = st.sampled_from([Fate("loads", 1), BERT, NEVER, Fate("fails", 0), Fate("fails", 30), Fate("kills", 3)])
EVENTS = ("published", "staged", "unstaged", "canary", "promoted", "withdrawn", "rolled_back", "pruned")
MOVES = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 4)), max_size=30)
CANARY = [
    ("published", 1),
    ("staged", 1),
    ("canary", 1),
    ("promoted", 1),
    ("published", 2),
    ("staged", 2),
    ("canary", 2),
]


def states_of(moves: Iterable[tuple[str, int]]) -> list[State]:
    """Returns every state on the way; a move that the rules refuse is left out."""
    states = [State()]
    for event, version in moves:
        try:
            states.append(apply(states[-1], event_of({"event": event, "version": version})))
        except InputError:
            continue
    return states


def production(text: str, fates: dict[int, Fate]) -> Outcome:
    return boot([*OWN, *FLAGS], Machine({**SHIPPED, CONFIG: text}, {HOME.base_path_for_servers: fates}))


@given(MOVES, st.lists(FATES, min_size=4, max_size=4))
@example(CANARY, [BERT, Fate("fails", 0), BERT, BERT])
@example([*CANARY, ("promoted", 2), ("rolled_back", 1)], [BERT, Fate("kills", 0), BERT, BERT])
def test_boot_config_starts_in_every_state_with_whatever_else_is_there(
    moves: list[tuple[str, int]], others: list[Fate]
) -> None:
    for state in states_of(moves):
        fates = {number: others[number - 1] for number in state.versions} | (
            {state.stable: BERT} if state.stable else {}
        )
        expected = {HOME.model_name: (state.stable,)} if state.stable else {}
        assert production(models_config.boot(state, HOME), fates) == Starts(expected, 20.0 if state.stable else 0.0)


def test_models_config_itself_would_not_always_start() -> None:
    """So the test above can fail: this is the start that boot.config is there for."""
    state = states_of(CANARY)[-1]
    text = models_config.rendered(state, HOME)
    for fate in (Fate("fails", 0), Fate("kills", 3)):
        assert isinstance(production(text, {1: BERT, 2: fate}), Exits)
    assert isinstance(production(text, {1: BERT, 2: NEVER}), Starts)

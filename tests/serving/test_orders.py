"""What the verbs ask of TensorFlow Serving, in the order in which they ask it, never leaves it without stable."""

from __future__ import annotations

import random
from collections import Counter

from support.real_versions import RealVersions

from sentiment.errors import InputError
from sentiment.results.events import event_of
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State

VERSIONS = range(1, 6)
VERBS = ("staged", "unstaged", "canary", "promoted", "withdrawn", "rolled_back")
FIRST = [*(("published", version) for version in VERSIONS), ("staged", 1), ("canary", 1), ("promoted", 1)]
SEVERAL = 20


def test_stable_answers_and_nothing_waits_for_ever_in_any_order_of_verbs() -> None:
    """From the first stable version on; versions 3 and 5 do not load.

    A version gets a label when it is loaded, as `load` sees to; a server may be slow, or miss what was so for a moment.
    (`adopted`, an edit by hand, is left out: it may ask for anything.)
    """
    happened: Counter[str] = Counter()
    for seed in range(SEVERAL):
        drawn, real = random.Random(seed), RealVersions(broken={3, 5})
        state = fold(event_of({"event": verb, "version": version}) for verb, version in FIRST)
        real.aspire({1})
        real.rest()
        for _ in range(40):
            allowed = [(verb, version) for verb in VERBS for version in VERSIONS if _after(state, real, verb, version)]
            verb, version = drawn.choice(allowed)
            state = _after(state, real, verb, version) or state
            happened[verb] += 1
            _serve(real, state, drawn)
            assert state.stable in real.available, (seed, verb, version)
        real.rest()
        assert (real.pending, real.available) == (None, set(state.served) - {3, 5}), seed
    assert set(happened) == set(VERBS)


def _after(state: State, real: RealVersions, verb: str, version: int) -> State | None:
    """Returns the state after an event, or None when it may not happen now."""
    if verb in ("canary", "rolled_back") and version not in real.available:
        return None
    try:
        return apply(state, event_of({"event": verb, "version": version}))
    except InputError:
        return None


def _serve(real: RealVersions, state: State, drawn: random.Random) -> None:
    """Hands the server the versions that are served now, some time before the next verb."""
    real.aspire(state.served)
    if drawn.random() < 0.5:
        real.rest()
    for _ in range(drawn.randrange(4)):
        real.tick()

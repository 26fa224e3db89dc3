from __future__ import annotations

import pytest

from sentiment.model.hyperparameters import choose


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    from sentiment.model.fit import learning_rate

    settings = choose("custom", "scratch/tiny", learning_rate=1e-3)
    rates = [learning_rate(step, 100, settings) for step in range(100)]
    assert max(rates) == rates[9] == pytest.approx(1e-3)
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[-1] < 2e-5


def test_one_step_alone_runs_at_the_peak() -> None:
    from sentiment.model.fit import learning_rate

    assert learning_rate(0, 1, choose("custom", "scratch/tiny", learning_rate=0.5)) == 0.5

"""`serving/metrics/*.prom`: what `verify`, `probe` and `watch` found, for node_exporter's textfile collector.

TensorFlow Serving's own metrics name neither version nor label. Each file is rewritten as a whole, and says when by a
timestamp: one that grows old is noticed by that, so a file that cannot be written stops nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sentiment import atomic
from sentiment.probe import gauges
from sentiment.probe.record import probes_file, read_probes
from sentiment.probe.served import Looked
from sentiment.probe.term import term_of
from sentiment.results.probe import Probe
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.step import say
from sentiment.text.exposition import Family, rendered


def metrics_folder(settings: Settings) -> Path:
    """Returns the folder that holds nothing but metrics, so that it can be given to others as it is."""
    return settings.serving / "metrics"


def write_served(settings: Settings, looked: Mapping[str, Looked]) -> None:
    """Writes served.prom: what every server serves, and whether the history says so."""
    _write(metrics_folder(settings) / "served.prom", gauges.of_served(looked, read_state(settings), time.time()))


def write_probed(settings: Settings, unrecorded: Sequence[Probe] = ()) -> None:
    """Writes probe.prom: how today's canary stands, the `unrecorded` probes last; without a canary it is empty."""
    term = term_of(settings)
    probes = [probe for probe in [*read_probes(probes_file(settings)), *unrecorded] if probe.term == term]
    _write(metrics_folder(settings) / "probe.prom", gauges.of_probes(probes, settings))


def _write(path: Path, families: Iterable[Family]) -> None:
    try:
        atomic.write_text(path, rendered(families))
    except OSError as error:  # of a full disk, or somebody else's home: a bad canary must go all the same
        say(f"{path} could not be written: {error.strerror or error}; metrics stay as they were")

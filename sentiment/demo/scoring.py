"""With `--score`: each promotion is followed by a scored archive, and the rollback by readers that are pointed back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.demo.acts import FINISHED, SCORE, SECONDS_FOR_A_RUN, Demo
from sentiment.demo.material import BASE_FILES, Material
from sentiment.errors import SentimentError
from sentiment.models_page import ADDRESS
from sentiment.results.scoring import CURRENT, Current, ScoresCompared, comparison_of
from sentiment.scoring.page import headline
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.text.taipei import TAIPEI

FIRST, LAST = datetime(2025, 12, 1, 12, tzinfo=TAIPEI), datetime(2026, 11, 30, 12, tzinfo=TAIPEI)


def archive_settings(folder: Path) -> dict[str, str]:
    """Returns the settings of a demo whose archive is below `folder`."""
    return {"SENTIMENT_ARCHIVE": str(folder / "archive"), "SENTIMENT_ARCHIVE_CHECK": "off"}


def lay_out_archive(material: Material, settings: Settings) -> int:
    """Makes the archive of the posts of the base data and the good night; returns how many there are.

    A post's source is the file that it comes from. Sample posts have no dates: theirs are spread over twelve months.
    """
    files = [*(material.folder / name for name in BASE_FILES), *material.good]
    posts = [(post, path.stem) for path in files for post in read_posts(path, settings.label_set)]
    step = (LAST - FIRST) / max(1, len(posts) - 1)
    lines = [
        atomic.json_text({"text": post.text, "title": post.title or None, "source": source, "time": _time(row * step)})
        for row, (post, source) in enumerate(posts)
    ]
    atomic.write_text(Path(settings.archive) / "posts.jsonl", "".join(f"{line}\n" for line in lines))
    return len(posts)


def _time(since: timedelta) -> str:
    return (FIRST + since).astimezone(UTC).isoformat(timespec="seconds")


def scored(demo: Demo) -> None:
    """Waits until the version that was promoted has scored the archive; says what changed, and where that is shown."""
    screen, settings = demo.screen, demo.stack.settings
    stables = read_state(settings).stables
    screen.act(f"After act 2 · the archive: {SCORE} scores it with version {stables[-1]}")
    found = _wait(demo, stables[-1])
    screen.line(f"  {found.rows:,} posts have scores of version {found.version} ({screen.seconds:.0f} s)")
    screen.claim(found.complete, f"readers of the archive's scores take those of version {found.version}")
    if len(stables) > 1:
        _say_what_changed(demo, stables[-2], stables[-1])


def _say_what_changed(demo: Demo, before: int, after: int) -> None:
    file = demo.stack.settings.scores_folder / f"{comparison_of(before, after)}.json"
    found = msgspec.json.decode(file.read_bytes(), type=ScoresCompared)
    demo.screen.claim(found.posts > 0, headline(found))
    demo.screen.line("  The page of what changed:")
    demo.screen.as_it_is(f"    {demo.stack.api.address}{ADDRESS}/versions/{after}/scores", bold=True)
    demo.say_who()


def pointed_back(demo: Demo) -> None:
    """Claims that the rollback of act 4 pointed readers of the scores back, too."""
    version, current = read_state(demo.stack.settings).stable, _current(demo)
    demo.screen.claim(
        current is not None and current.version == version,
        f"readers of the archive's scores take those of version {version} again",
    )


def _wait(demo: Demo, version: int) -> Current:
    """Returns `current.json` once it names the version, and the workflow's newest run has ended."""
    deadline = time.monotonic() + SECONDS_FOR_A_RUN
    while time.monotonic() < deadline:
        runs, found = demo.stack.api.runs(SCORE), _current(demo)
        ended = bool(runs) and all(run["state"] in FINISHED for run in runs)
        if ended and runs[0]["state"] == "failed":
            break
        if ended and found and found.version == version:
            return found
        demo.screen.live("scoring the archive")
        demo.stack.processes.check()
        time.sleep(0.5)
    raise SentimentError(f"{SCORE} did not score with version {version}; see {demo.stack.folder / 'airflow' / 'logs'}")


def _current(demo: Demo) -> Current | None:
    file = demo.stack.settings.scores_folder / CURRENT
    return msgspec.json.decode(file.read_bytes(), type=Current) if file.exists() else None

"""Which rows a training gets: options of `sentiment prepare` and `sentiment mix`, fields of the retrain form."""

from __future__ import annotations

from sentiment.language import marked
from sentiment.options.declaration import Field, Option

LONGEST_SOURCE = 200  # characters

MODE = Option(
    "mode",
    str,
    "warm: continue from the stable model; full: start over; auto: warm if there is a stable model.",
    default="auto",
    choices=("auto", "warm", "full"),
    form=Field(
        marked("Mode"),
        marked(
            "warm: continue from the stable model with the new rows. full: start over with all rows. "
            "auto: warm if there is a stable model."
        ),
        default="auto",
        names={
            "auto": marked("Continue if there is a stable model"),
            "warm": marked("Continue from the stable model"),
            "full": marked("Start over with all rows"),
        },
    ),
)
MIX_NUMBER = Option(
    "mix_number",
    int,
    "Old rows of each label; 0: by the new rows' counts.",
    default=0,
    low=0,
    # The form stops at a number that nobody means; a command may handle more rows than any night has.
    form=Field(
        marked("Old rows to mix in, per label"), marked("0 or empty: as many as the mixing rule says."), high=1_000_000
    ),
)
MINIMUM_CONTENT_LENGTH = Option(
    "minimum_content_length",
    int,
    "Least characters of an old row.",
    default=20,
    low=0,
    # A post of 1,000 characters is rare: a higher number in the form would leave no old row at all.
    form=Field(
        marked("Shortest old row to mix in"),
        marked("In characters; empty: {default}. Lower it if your posts are mostly short."),
        high=1000,
    ),
)
MAXIMUM_DIGITS = Option(
    "maximum_digits", int, "Digits of a count from which the least common multiple is used.", default=3, low=1
)
SEED = Option("seed", int, "For the draw and the order.", default=13)
NEW_SINCE = Option(
    "new_since",
    str,
    "Take only new rows delivered on this day (in Taipei) or later.",
    form=Field(
        marked("New rows from this day on"),
        marked("By the day of delivery, in Taipei. Rows left out stay new for another run."),
        schema={"format": "date"},
    ),
)
NEW_UNTIL = Option(
    "new_until",
    str,
    "Take only new rows delivered on this day or earlier.",
    form=Field(marked("New rows up to this day"), marked("Including that day."), schema={"format": "date"}),
)
NEW_SOURCE = Option(
    "new_source",
    str,
    "Take only new rows of this source; may be given again.",
    form=Field(
        marked("New rows of this source"),
        marked("As named in the deliveries' column “source”."),
        schema={"maxLength": LONGEST_SOURCE},
    ),
)
RULE = (MIX_NUMBER, MINIMUM_CONTENT_LENGTH, MAXIMUM_DIGITS, SEED)  # what `sentiment mix` is told
DATA_FORM = (MIX_NUMBER, MINIMUM_CONTENT_LENGTH, NEW_SINCE, NEW_UNTIL, NEW_SOURCE)

"""The errors that somebody's input can cause.

SentimentError
└── InputError              bad usage or bad input: one line, exit code 2
    └── UnavailableError    something outside does not answer at the moment: one line, exit code 1, worth another try
Any other exception is a defect or a failing machine: exit code 1.
"""

FROM_A_BACKUP = "Restore it with `sentiment restore BACKUP`, from a backup that `sentiment backup` made."


class SentimentError(Exception):
    """The root of this package's own errors."""


class InputError(SentimentError):
    """Says in one line what must hold, what was found, and what to do about it."""

    exit_code = 2

    def __init__(self, must_hold: str, *, found: str, do: str) -> None:
        self.must_hold, self.found, self.do = must_hold, found, do
        line = f"{must_hold}; found {found}. {do}"
        super().__init__(" ".join(line.split()))


class UnavailableError(InputError):
    """Says the same about something that may be available again in a minute."""

    exit_code = 1

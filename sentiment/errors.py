"""The errors that somebody's input can cause.

SentimentError
└── InputError              bad usage or bad input: one line, exit code 2
    ├── NoSuchFile          a file or folder that somebody named is not there: the line begins with that
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


class NoSuchFile(InputError):
    """Says first which file or folder that somebody named is not there, then what must hold of it, then what to do."""

    def __init__(self, path: object, *, do: str, must_hold: str = "", kind: str = "file") -> None:
        super().__init__(must_hold or f"the {kind} must exist", found=f"no {kind} {path}", do=do)
        sentences = (f"No such {kind}: {path}.", f"{must_hold[:1].upper()}{must_hold[1:]}." if must_hold else "", do)
        self.args = (" ".join(" ".join(sentences).split()),)


class UnavailableError(InputError):
    """Says the same about something that may be available again in a minute."""

    exit_code = 1

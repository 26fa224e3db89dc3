"""`python -m sentiment VERB` is `sentiment VERB`, also where the command is not on the path."""

from __future__ import annotations

from sentiment.cli import main

if __name__ == "__main__":
    main()

"""The question whether a canary is promoted."""

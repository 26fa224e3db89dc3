"""Scripts that are run by their path and import nothing of this package, as somebody else's program would.

Each reads one line of JSON, its job, as its argument, prints `answer {}` when it is ready, and then does its work once
for every line of JSON that it gets; its line `answer {…}` has the figures that only it knows.
"""

"""The files in which experiments are kept, by their names. Standard library only."""

RESULTS, TABLE, PLOT = "results.json", "table.md", "plot"
PLAN = "experiment-plan"  # the step that leaves an experiment's plan

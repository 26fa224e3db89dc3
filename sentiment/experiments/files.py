"""The names of the files of an experiment. The Models page needs only these, and none of the drawing code."""

RESULTS, TABLE, PLOT = "results.json", "table.md", "plot"
PLAN = "experiment-plan"  # the step that leaves an experiment's plan

"""The files in which experiments are kept, by their names. The Models page needs these, and nothing that draws."""

RESULTS, TABLE, PLOT = "results.json", "table.md", "plot"
PLAN = "experiment-plan"  # the step that leaves an experiment's plan

"""Reports on a model, as JSON and as one page: how good its predictions are, compared with a linear baseline."""

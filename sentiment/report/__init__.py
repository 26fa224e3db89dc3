"""Reports on a model: what its predictions are worth, beside a linear baseline, as JSON and as one page."""

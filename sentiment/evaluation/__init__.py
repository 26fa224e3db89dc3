"""Uses a trained model: compares candidate and stable, tests, predicts, and answers at a console."""

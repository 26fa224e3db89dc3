"""A trained model's answers: candidate against stable, a test, predictions, a console."""

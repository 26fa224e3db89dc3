"""What must be true of new posts before a model is trained on them."""

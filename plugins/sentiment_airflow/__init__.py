"""What the workflows are made of."""

"""What a model was made from, which models saw a text, and how a text is forgotten."""

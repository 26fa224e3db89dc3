"""What a model was made from, who saw a text, and how a text is forgotten."""

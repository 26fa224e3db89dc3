"""The fields of the workflows' forms."""

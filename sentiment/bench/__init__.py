"""The experiments: what a format weighs, which learning rate suits a model, how many rows fit into memory."""

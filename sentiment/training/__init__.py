"""Fine-tuning: the training step, the loop, resuming, devices, hyperparameters."""

"""Fine-tuning: the step, the fit, resuming, devices, hyperparameters."""

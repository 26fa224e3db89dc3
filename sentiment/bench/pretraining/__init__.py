"""How fast a pretraining learns on this machine, beside PyTorch and beside what the machine can multiply."""

"""Our fine-tuning and predicting beside what people would use instead: the same posts and weights, in turn.

start.py     the model that all begin with, written twice: as our model folder, and as Hugging Face's
own.py       our side, in a child process
others/      the other sides: scripts that import nothing of ours; most run in the environment of `make bench-tools`
asked.py     a child process that is asked to do its work once, and measured while it does
turns.py     who is asked when; rates, ratios and their spread
products.py  the machine's own rate of matrix multiplication, and how much of it a piece of work needs at least
machine.py   the line about the machine
shown.py     the table and the plot
"""

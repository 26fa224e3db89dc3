"""`sentiment score` beside what people would do instead, by the same models over the same posts.

score      `sentiment bench score`: which models, how many posts, the table
models     the models: a folder of somebody's own, or a BERT of random weights of a shape
ways       the ways, each in a process of its own; `python -m sentiment.bench.scoring.ways` is that process
measure    starts a way, and says what it took
paper      machines and hours for archives that nobody here has
table      the table, its notes and the plot
"""

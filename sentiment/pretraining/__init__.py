"""Makes an encoder from posts without labels: some of their words are hidden, and it learns to say which.

lines.py      posts of the corpus, one a line
corpus.py     without repeats, without the posts of test sets; a few held out
tokens.py     tokenised once, on the disk
masking.py    what is hidden
filled.py     a part in one of few shapes
schedule.py   how fast, and how much at once, in the course of a pretraining
forward.py    a BERT's forward pass in the shape that is fast to learn in
network.py    the encoder with its masked-language head, and one step of it
fit.py        the whole course; goes on where it stopped
kept.py       the state that it goes on from
encoder_folder.py  the result, as Hugging Face's tools read it
"""

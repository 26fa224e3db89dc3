"""Scoring an archive: a model over all posts of a folder or bucket, each exactly once, and what changed since.

places     a folder or a bucket: its files, and objects that appear whole or not at all
columns    which columns of a file are the text, the title, the time …
rows       a file's rows as tables of so many rows; rows and files that are put aside, with the reason
shards     what a file is cut into, and what a finished shard's file says about itself
ledger     which shards are finished: what is listed, what is recorded, and what that leaves to do
work       one portion of a file: read, scored, written; the same in every engine
engines    in this process, or on Ray
score      `sentiment score`
changed    two versions' scores of the same posts: what flipped, by source and month
page       `sentiment compare-scores`: the page that says so
current    which version's scores are the ones to read
holding    which outputs hold a text, for `forget`
"""

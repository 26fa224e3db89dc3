"""Scoring an archive: a model over all posts of a folder or bucket, each exactly once, and what changed since.

places     a folder or a bucket: its files, and objects that appear whole or not at all
columns    which columns of a file are the text, the title, the time …
archive    the files with their digests, and what of each is left to do
rows       a file's rows as tables of so many rows; rows and files that are put aside, with the reason
unpacked   a packed file as it is read
shards     what a file is cut into, and what a finished shard's file says about itself
ledger     which shards are finished: what is listed, what is recorded, and what that leaves to do
work       one portion of a file: read, scored, written; the same in every engine
engine     what an engine is told; engines chooses one: this process, or Ray (on_ray)
scorer     the model of a version as a function of posts
first_file whether a file of the archive has the columns, asked before anything is begun
begun      what a version's scores are begun with, and stay with
score      `sentiment score`; run does it, told says what came of it
changed    two versions' scores of the same posts: what flipped, by source and month
months     which month a post is of
page       the page that says so; compare_scores is `sentiment compare-scores`
shown      what the Models page shows of the scores
current    which version's scores are the ones to read
pointing   changes that alone, as after a rollback
holding    which outputs hold a text, for `forget`
"""

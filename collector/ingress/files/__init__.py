"""Files that are followed, exactly once over rotations and kills: what receivers that read files have in common.

options.py          which files, from where, in which pieces
files_receiver.py   the life of such a receiver
tailer.py           its loop, and the parts of it
"""

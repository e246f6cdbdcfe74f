"""Photos with known truth, and how near to it a result comes: what training and evaluation share.

In: folders and lists of photos (`collection`, `pairs`); maps and pictures with their truth. Out:
figures (`metrics` of disparity and focus, `similarity` of pictures), exposures brought together
(`exposure`). Each is imported by its own module.
"""

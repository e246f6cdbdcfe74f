"""Judging the networks on photos with known truth, beside guesses that do not look.

In: a folder of photos with their truth. Out: figures, as d2f.measures.metrics defines them.
"""

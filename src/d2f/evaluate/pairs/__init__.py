"""Bokeh judged on pairs of photos: what `d2f evaluate pairs` does.

In: pairs, as `d2f.measures.pairs` lists them; `methods` and `networks` that draw them; one of the
`protocols`. `judging` lets every method draw every pair, with `fit`, `lpips` and `compare`. Out:
`report`s, and `strips` to look at. `command` puts it together.
"""

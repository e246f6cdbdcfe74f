"""The networks that look at a photo, and their weights.

In: a photo as uint8 sRGB. Out: disparity and focus map, 0..1, at the network's own size.
"""

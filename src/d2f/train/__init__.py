"""Training of the networks, and the making of what they are trained on; most of it needs torch.

In: a folder of photos with depth and subject masks (data.py says how it is laid out), ray-traced
scenes (raytraced/ makes them), or pairs of one view in focus and with bokeh (crops.py).
Out: an ONNX file for ``d2f.models``, weights of the published method, checkpoints and CSV logs.
"""

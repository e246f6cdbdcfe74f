"""Training of the networks; the only room, beside the renderer's twin, that imports torch.

In: a folder of photos with depth and subject masks (data.py says how it is laid out).
Out: an ONNX file for ``d2f.models``, checkpoints and CSV logs.
"""

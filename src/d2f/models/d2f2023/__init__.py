"""The published D2F model of 2023 in torch: the networks alone, with the published state keys.

In: x, N x 3 x h x w, display codes 0..1, sides multiples of 64. Out: the defocus map D and the
radiance sigmoid s of the same size, and at full size the fusion mask m. The rendering between them
is `d2f.renderer.paper`, and `d2f.published` is the way of a whole picture through all of it.

Luo, Peng, Xian, Wu, Cao, "Defocus to focus: Photo-realistic bokeh rendering by fusing defocus and
radiance priors", Information Fusion 89 (2023), arXiv 2306.04506.
"""

from .model import D2F2023, NARROW

__all__ = ["D2F2023", "NARROW"]

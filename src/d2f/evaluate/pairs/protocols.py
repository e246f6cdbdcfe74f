"""Protocols: under which options others computed the figures of their tables.

Sources and variants are told in docs/evaluation.md. All run on codes as fractions of white: range
255 on codes gives the same PSNR and SSIM.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from d2f.arrays import FloatImage
from d2f.errors import UsageError
from d2f.measures.similarity import Window, psnr, ssim

__all__ = ["Protocol", "protocol_named", "scores"]

WHITE_CODE = 255.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How an output is compared with its target.

    Attributes
    ----------
    name : str
    windows : tuple of "uniform", "gaussian" or "gaussian_mirrored"
        Which SSIM are computed.
    rounded : bool
        Whether the output is rounded to 8-bit codes first; else clamped to 0..1 only.
    multiple_px : int
        Both pictures are cut to sides of a multiple of this, around the middle.
    peak : "white" or "output"
        What PSNR takes as largest value: white, or the output's own largest code.
    """

    name: str
    windows: tuple[Window, ...]
    rounded: bool = True
    multiple_px: int = 1
    peak: Literal["white", "output"] = "white"


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(name="ours", windows=("uniform", "gaussian")),
        Protocol(name="dmshn", windows=("uniform",)),
        Protocol(name="bokehlicious", windows=("gaussian_mirrored",), rounded=False, multiple_px=4),
        Protocol(name="ntire2023", windows=("uniform",), peak="output"),
        Protocol(name="bokehme", windows=("gaussian",), rounded=False),
        Protocol(name="vabm", windows=("uniform",), rounded=False),
    )
}


def protocol_named(name: str) -> Protocol:
    """The protocol of this name.

    Raises
    ------
    UsageError
        Names the protocols that there are.
    """
    if name not in PROTOCOLS:
        raise UsageError(f"there is no protocol {name!r}: give one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]


def scores(output: FloatImage, target: FloatImage, protocol: Protocol) -> dict[str, float]:
    """`psnr` in dB and `ssim_WINDOW` for each window of the protocol, of one picture.

    Parameters
    ----------
    output, target : float32 (H, W, 3), codes as fractions of white
    """
    output, target = prepared(output, protocol), prepared(target, protocol)
    peak = 1.0 if protocol.peak == "white" else float(output.max())
    figures = {"psnr": psnr(output, target, peak=peak)}
    for window in protocol.windows:
        figures[f"ssim_{window}"] = ssim(output, target, window=window)
    return figures


def prepared(picture: FloatImage, protocol: Protocol) -> FloatImage:
    """A picture as the protocol compares it: clamped, rounded, cut."""
    rows, columns = (length - length % protocol.multiple_px for length in picture.shape[:2])
    # The odd row or column goes from the top and left, as Bokehlicious cuts.
    top, left = (
        -((kept - n) // 2) for kept, n in zip((rows, columns), picture.shape, strict=False)
    )
    cut = np.clip(picture[top : top + rows, left : left + columns], 0, 1)
    if protocol.rounded:
        cut = np.rint(cut * np.float32(WHITE_CODE)) / np.float32(WHITE_CODE)
    return cut

"""The first bits of a JPEG XL code stream: its size, depth and whether it keeps every code.

ISO/IEC 18181-1:2024, annexes D.2 (SizeHeader) and D.3 (ImageMetadata). Bits are read from the
lowest of each byte upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JxlHeader", "jxl_header"]

# Widths and offsets of the four choices of a U32 field: D.2, D.3.
SIZE_FIELD = ((9, 1), (13, 1), (18, 1), (30, 1))
INTEGER_BITS = ((0, 8), (0, 10), (0, 12), (6, 1))
FLOAT_BITS = ((0, 32), (0, 16), (0, 24), (6, 1))
EXTRA_CHANNELS = ((0, 0), (0, 1), (4, 2), (12, 1))
ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))
SHIFTS = ((0, 0), (0, 3), (0, 4), (3, 1))
NAME_BYTES = ((0, 0), (4, 0), (5, 16), (10, 48))
FILTER_CHANNELS = ((0, 1), (2, 0), (4, 3), (8, 19))
ALPHA, SPOT_COLOUR, COLOUR_FILTER = 0, 2, 5
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # D.2, ratio 1 to 7


@dataclass(frozen=True, slots=True, kw_only=True)
class JxlHeader:
    """What a code stream says first.

    Attributes
    ----------
    width, height : int
        Before any turn.
    bits : int
    floats : bool
    lossy : bool
        Whether its colours are XYB, which no lossless file uses.
    animation : bool
    """

    width: int
    height: int
    bits: int = 8
    floats: bool = False
    lossy: bool = True
    animation: bool = False


class _Bits:
    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content, "little")
        self._left = 8 * len(content)

    def take(self, count: int) -> int:
        if count > self._left:
            raise OSError("its header is cut short")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def choice(self, choices: tuple[tuple[int, int], ...]) -> int:
        width, offset = choices[self.take(2)]
        return self.take(width) + offset


def jxl_header(codestream: bytes) -> JxlHeader:
    """Read it.

    Parameters
    ----------
    codestream : bytes
        From its signature FF 0A on; some 100 bytes are enough.

    Raises
    ------
    OSError
        If it is cut short.
    """
    bits = _Bits(codestream[2:200])
    width, height = _size(bits)
    if bits.take(1):  # everything as by default
        return JxlHeader(width=width, height=height)
    if bits.take(1):  # extra fields
        bits.take(3)  # orientation, which the decoder applies
        if bits.take(1):  # intrinsic size
            _size(bits)
        preview, animation = bits.take(1), 0
        if not preview:
            animation = bits.take(1)
        if preview or animation:  # their fields are of no use here
            return JxlHeader(width=width, height=height, animation=bool(animation))
    floats = bool(bits.take(1))
    depth = bits.choice(FLOAT_BITS if floats else INTEGER_BITS)
    if floats:
        bits.take(4)  # bits of the exponent
    bits.take(1)  # whether 16-bit buffers are enough
    for _ in range(bits.choice(EXTRA_CHANNELS)):
        _skip_extra_channel(bits)
    lossy = bool(bits.take(1))
    return JxlHeader(width=width, height=height, bits=depth, floats=floats, lossy=lossy)


def _skip_extra_channel(bits: _Bits) -> None:
    """D.3.6, ExtraChannelInfo; its first bit says that it is the usual alpha of 8 bits."""
    if bits.take(1):
        return
    kind = bits.choice(ENUM)
    floats = bits.take(1)
    bits.choice(FLOAT_BITS if floats else INTEGER_BITS)
    if floats:
        bits.take(4)
    bits.choice(SHIFTS)
    bits.take(8 * bits.choice(NAME_BYTES))
    if kind == ALPHA:
        bits.take(1)
    elif kind == SPOT_COLOUR:
        bits.take(64)
    elif kind == COLOUR_FILTER:
        bits.choice(FILTER_CHANNELS)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = 8 * (bits.take(5) + 1) if small else bits.choice(SIZE_FIELD)
    ratio = bits.take(3)
    if ratio:
        over, under = RATIOS[ratio - 1]
        return height * over // under, height
    return (8 * (bits.take(5) + 1) if small else bits.choice(SIZE_FIELD)), height

"""A depth plane into a HEIC file, as phones store it; heif_depth tells what it says."""

from __future__ import annotations

import io
import math
import struct

import numpy as np

from ..arrays import ByteImage, FloatImage
from .formats import part
from .heif_depth import APDI, DEPTH_DATA, DEPTH_TYPES, ORIGINAL_NAME, XMP_MIME
from .heif_items import heif_of
from .heif_write import NewItem, box_of, with_items

__all__ = ["with_heif_depth"]

GREY_8, HALF_DISPARITY = 0x4C303038, 0x68646973  # "L008", "hdis": pixel formats as numbers
MANTISSA_BITS = 14


def with_heif_depth(
    content: bytes, disparity: FloatImage, *, metric: bool, original: tuple[str, bytes] | None
) -> bytes:
    """A HEIC file with a depth plane and, on request, the untouched photo.

    The plane has 8 bits, without loss: what phones write and editors read. Its steps are 1/255 of
    the disparity's range.

    Parameters
    ----------
    content : bytes
        A HEIC file, upright.
    disparity : float32 (h, w)
        1/m if `metric`, else relative 0..1.
    original : (type, bytes), optional
        The photo's file, as image/heic for instance.

    Raises
    ------
    MissingPartError
        If `d2f[heic-write]` is not installed.
    """
    low, high = (float(disparity.min()), float(disparity.max())) if metric else (0.0, 1.0)
    high = max(high, low + 1e-6)
    share = np.clip((disparity - np.float32(low)) / np.float32(high - low), 0, 1)
    plane = heif_of(_encoded(np.rint(share * 255).astype(np.uint8)))
    kept = [plane.properties[index - 1] for _, index in plane.items[plane.primary].properties]
    name = box_of(b"auxC", bytes(4), DEPTH_TYPES[0], b"\0", _depth_message(low, high))
    heif = heif_of(content)
    new = [
        NewItem(
            kind=b"hvc1",
            content=plane.content_of(plane.primary),
            properties=(*kept, name),
            refers=(b"auxl", heif.primary),
        ),
        NewItem(
            kind=b"mime",
            mime=XMP_MIME.decode(),
            content=_xmp(low, high, metric=metric).encode(),
            refers=(b"cdsc", -1),
        ),
    ]
    if original is not None:
        mime, data = original
        new.append(NewItem(kind=b"mime", mime=mime, name=ORIGINAL_NAME.decode(), content=data))
    return with_items(content, new)


def _encoded(codes: ByteImage) -> bytes:
    library = part("pillow_heif", "heic-write", what="HEIC depth")
    rows, cols = codes.shape
    file = library.HeifFile()
    target = io.BytesIO()
    file.add_frombytes("L", (cols, rows), np.ascontiguousarray(codes).tobytes())
    file.save(target, quality=-1)  # without loss
    return target.getvalue()


def _xmp(low: float, high: float, *, metric: bool) -> str:
    accuracy = "absolute" if metric else "relative"
    facts = {
        "apdi:AuxiliaryImageType": "disparity",
        "apdi:NativeFormat": HALF_DISPARITY,
        "apdi:StoredFormat": GREY_8,
        "apdi:IntMinValue": 0,
        "apdi:IntMaxValue": 255,
        "apdi:FloatMinValue": repr(low),
        "apdi:FloatMaxValue": repr(high),
        "depthData:DepthDataVersion": 65541,
        "depthData:Accuracy": accuracy,
        "depthData:Quality": "high",
        "depthData:Filtered": "True",
    }
    lines = "".join(f"<{key}>{value}</{key}>" for key, value in facts.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:apdi="{APDI}" xmlns:depthData="{DEPTH_DATA}">{lines}</rdf:Description></rdf:RDF>'
        "</x:xmpmeta>"
    )


def _depth_message(low: float, high: float) -> bytes:
    """The HEVC message (SEI 177) that tells the range, in the form that `auxC` holds it.

    Flags z_near, z_far, d_min, d_max; the representation (disparity) and the reference view as
    Exp-Golomb numbers; then sign, exponent and mantissa of both ends; a one and zeros fill up.
    """
    bits = "0011" + "010" + "1" + _number_bits(low) + _number_bits(high)
    bits += "1" + "0" * (-(len(bits) + 1) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    unit = bytes([39 << 1, 1, 177, len(payload)]) + payload
    return struct.pack(">II", 4 + len(unit), len(unit)) + unit


def _number_bits(value: float) -> str:
    """A number at least 0 as sign, 7 bits of exponent and a mantissa.

    Its mantissa is short enough that the message never holds the bytes 0, 0, 0..3, which would have
    to be escaped: readers differ on that. The XMP tells the numbers in full.
    """
    exponent, mantissa = 0, 0
    if value > 0:
        exponent = math.floor(math.log2(value))
        mantissa = min(round((value / 2**exponent - 1) * 2**MANTISSA_BITS), 2**MANTISSA_BITS - 1)
        exponent = min(max(exponent + 31, 1), 126)
    return f"0{exponent:07b}{MANTISSA_BITS - 1:05b}{mantissa:0{MANTISSA_BITS}b}"

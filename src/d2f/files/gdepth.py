"""GDepth: depth and the untouched picture inside the XMP of a JPEG.

After Google's depth map metadata reference: properties in the standard packet, the pictures, which
are long, in the extended one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .depth_codes import CodeRange, bytes_from_base64, range_of
from .depth_values import UnusableDepth
from .xmp_tree import number_of, property_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["GDEPTH", "GIMAGE", "CodedDepth", "gdepth_descriptions", "gdepth_of", "gimage_of"]

GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
RDF_NAME = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""'
GIMAGE = "http://ns.google.com/photos/1.0/image/"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodedDepth:
    """A depth map as a container holds it: a picture, and what its codes mean.

    Attributes
    ----------
    picture : bytes
        A JPEG or PNG file.
    codes : CodeRange
    along_ray : bool
        Whether depth is measured along each pixel's ray instead of along the optical axis.
    focal_length_sides : float, optional
        Focal length over the long side of the sensor.
    """

    picture: bytes
    codes: CodeRange
    along_ray: bool = False
    focal_length_sides: float | None = None


def gdepth_of(trees: Iterable[Element], name: str) -> CodedDepth | None:
    """The GDepth map in a photo's XMP packets; None where there is none.

    Raises
    ------
    UnusableDepth
        If it lacks a part or says what makes no sense.
    """
    trees = list(trees)
    words = {
        key: next(filter(None, (property_of(tree, GDEPTH, key) for tree in trees)), None)
        for key in ("Data", "Format", "Units", "MeasureType")
    }
    ends = {
        key: next((n for n in (number_of(tree, GDEPTH, key) for tree in trees) if n), None)
        for key in ("Near", "Far")
    }
    if words["Data"] is None:
        if words["Format"] is None:
            return None
        raise UnusableDepth(f"{name} announces a depth map (GDepth) but does not hold it.")
    return CodedDepth(
        picture=bytes_from_base64(words["Data"], name),
        codes=range_of(words["Format"], ends["Near"], ends["Far"], words["Units"], name=name),
        along_ray=is_along_ray(words["MeasureType"]),
    )


def is_along_ray(word: str | None) -> bool:
    """Whether a measure type says so; GDepth spells it OpticalRay, Dynamic Depth OpticRay."""
    return (word or "").lower() in ("opticalray", "opticray")


def gimage_of(trees: Iterable[Element], name: str) -> bytes | None:
    """The untouched picture that goes with a GDepth map, a file of its own; None without one."""
    for tree in trees:
        data = property_of(tree, GIMAGE, "Data")
        if data is not None:
            return bytes_from_base64(data, name)
    return None


def gdepth_descriptions(depth: CodedDepth, original: bytes | None, *, mime: str) -> tuple[str, str]:
    """What goes into the standard and into the extended packet.

    Parameters
    ----------
    depth : CodedDepth
        Its picture is a PNG.
    original : bytes, optional
        The untouched photo's file.
    mime : str
        Of the original.

    Returns
    -------
    (standard, extended) : str
        `rdf:Description` elements.
    """
    image = "" if original is None else f' xmlns:GImage="{GIMAGE}" GImage:Mime="{mime}"'
    standard = (
        f'<rdf:Description {RDF_NAME} xmlns:GDepth="{GDEPTH}" GDepth:Format="RangeInverse" '
        f'GDepth:Near="{depth.codes.near!r}" GDepth:Far="{depth.codes.far!r}" '
        f'GDepth:Units="{depth.codes.unit}" GDepth:Mime="image/png" '
        f'GDepth:MeasureType="OpticalAxis"{image}/>'
    )
    data = "" if original is None else f' xmlns:GImage="{GIMAGE}" GImage:Data="{_text(original)}"'
    extended = (
        f'<rdf:Description {RDF_NAME} xmlns:GDepth="{GDEPTH}" '
        f'GDepth:Data="{_text(depth.picture)}"{data}/>'
    )
    return standard, extended


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()

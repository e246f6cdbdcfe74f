"""Dynamic Depth 1.0: pictures appended to a JPEG, listed by a directory in its XMP.

`Device:Container` lists the items in the order in which they stand behind the first picture, each
with its length and a name (`DataURI`); `Camera:DepthMap` says which name holds the depth and what
its codes mean. Names are only compared, never opened; one that looks like a path is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import PhotoError
from .depth_codes import range_of
from .depth_values import UnusableDepth
from .gdepth import RDF_NAME, CodedDepth, is_along_ray
from .xmp_tree import children_named, number_of, property_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = [
    "Item",
    "dynamic_depth_of",
    "dynamic_description",
    "dynamic_original_of",
    "items_of",
    "others_of",
]

DD = "http://ns.google.com/photos/dd/1.0/"
DEVICE, CONTAINER, ITEM = f"{DD}device/", f"{DD}container/", f"{DD}item/"
CAMERA, DEPTHMAP, IMAGE = f"{DD}camera/", f"{DD}depthmap/", f"{DD}image/"
PROFILE, IMAGING = f"{DD}profile/", f"{DD}imagingmodel/"
RDF_LI = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"

DEPTH_URI, ORIGINAL_URI = "android/depthmap", "android/original_image"
PRIMARY_URI, UNLISTED_URI = "primary_image", "android/gainmap"
OWN_URIS = (DEPTH_URI, ORIGINAL_URI, "android/confidencemap")
NO_NAME = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z][A-Za-z0-9+.-]*:|[\0\n]")
MOST_ITEMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of the directory; the first, of length 0, is the picture itself."""

    mime: str
    length: int
    uri: str
    padding: int = 0


def items_of(trees: Iterable[Element], name: str) -> list[Item]:
    """The directory of a photo's XMP packets; empty where there is none.

    Raises
    ------
    PhotoError
        If a name is a path or an address.
    UnusableDepth
        If a length is no number.
    """
    found: list[Item] = []
    for tree in trees:
        for device in children_named(tree, DEVICE, "Container"):
            entries = list(device.iter(RDF_LI)) or list(children_named(device, CONTAINER, "Item"))
            found += [_item(entry, name) for entry in entries[: MOST_ITEMS + 1]]
    if len(found) > MOST_ITEMS:
        raise PhotoError(f"{name} lists over {MOST_ITEMS} appended items: remove its XMP.")
    return found


def _item(entry: Element, name: str) -> Item:
    uri = property_of(entry, ITEM, "DataURI") or ""
    if NO_NAME.search(uri):
        raise PhotoError(
            f"{name} names an appended item {uri!r:.80}, which is a path or an address, as only "
            "attacks do: remove its XMP."
        )
    sizes = [property_of(entry, ITEM, key) or "0" for key in ("Length", "Padding")]
    if not all(size.isascii() and size.isdigit() and len(size) <= 12 for size in sizes):
        raise UnusableDepth(f"{name} lists an appended item of {sizes[0]!r:.40} bytes.")
    return Item(
        mime=property_of(entry, ITEM, "Mime") or "",
        length=int(sizes[0]),
        uri=uri,
        padding=int(sizes[1]),
    )


def dynamic_depth_of(trees: Iterable[Element], appended: bytes, name: str) -> CodedDepth | None:
    """The Dynamic Depth map of a photo; None where there is none.

    Parameters
    ----------
    trees : Elements
        Its XMP packets.
    appended : bytes
        What follows its first picture.
    name : str
        For messages.

    Raises
    ------
    PhotoError
        If an item's name is a path or an address.
    UnusableDepth
        If the item is missing or cut short, or its description makes no sense.
    """
    trees = list(trees)
    described = [tree for tree in trees if property_of(tree, DEPTHMAP, "DepthURI") is not None]
    items = items_of(trees, name)
    if not described:
        return None
    tree = described[0]
    uri = property_of(tree, DEPTHMAP, "DepthURI") or ""
    picture = _content_of(uri, items, appended)
    if not picture:
        raise UnusableDepth(f"{name} announces a depth map ({uri:.60}) but does not hold it whole.")
    return CodedDepth(
        picture=picture,
        codes=range_of(
            property_of(tree, DEPTHMAP, "Format"),
            number_of(tree, DEPTHMAP, "Near"),
            number_of(tree, DEPTHMAP, "Far"),
            property_of(tree, DEPTHMAP, "Units"),
            name=name,
        ),
        along_ray=is_along_ray(property_of(tree, DEPTHMAP, "MeasureType")),
        focal_length_sides=_focal_length_sides(tree),
    )


def dynamic_original_of(trees: Iterable[Element], appended: bytes, name: str) -> bytes | None:
    """The untouched photo among the appended items, a file of its own; None without one."""
    return _content_of(ORIGINAL_URI, items_of(trees, name), appended) or None


def others_of(trees: Iterable[Element], appended: bytes, name: str) -> list[tuple[Item, bytes]]:
    """What follows a picture and is neither its depth nor its original: gain maps, films.

    Bytes that no directory of Dynamic Depth lists are one item, in front of all that comes new.
    """
    items = items_of(trees, name)[1:]
    found, at = [], 0
    for item in items:
        found.append((item, appended[at : at + item.length]))
        at += item.length + item.padding
    if not items or at != len(appended):
        whole = Item(mime="image/jpeg", length=len(appended), uri=UNLISTED_URI)
        return [(whole, appended)] if appended else []
    return [(item, data) for item, data in found if item.uri not in OWN_URIS]


def _content_of(uri: str, items: list[Item], appended: bytes) -> bytes | None:
    """Items follow each other in the directory's order, the picture itself not counted."""
    at = 0
    for index, item in enumerate(items):
        if index == 0:  # its length is 0 or the picture's own; both end where the others begin
            at += item.padding
            continue
        if item.uri == uri:
            content = appended[at : at + item.length]
            return content if len(content) == item.length else None
        at += item.length + item.padding
    return None


def _focal_length_sides(tree: Element) -> float | None:
    focal, width, height = (
        number_of(tree, IMAGING, key) for key in ("FocalLengthX", "ImageWidth", "ImageHeight")
    )
    if not focal or not width or not height or min(focal, width, height) <= 0:
        return None
    return focal / max(width, height)


def dynamic_description(depth: CodedDepth, items: list[Item], *, size: tuple[int, int]) -> str:
    """The `rdf:Description` of a photo with these items behind it.

    Parameters
    ----------
    depth : CodedDepth
    items : list of Item
        In the order of their contents, without the picture itself.
    size : (H, W)
        Of the photo.
    """
    unit = "None" if depth.codes.unit == "none" else "Meters"
    rows, cols = size
    listed = [Item(mime="image/jpeg", length=0, uri=PRIMARY_URI), *items]
    directory = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="{item.mime}" '
        f'Item:Length="{item.length}" Item:Padding="0" Item:DataURI="{item.uri}"/></rdf:li>'
        for item in listed
    )
    shown = ORIGINAL_URI if any(item.uri == ORIGINAL_URI for item in items) else PRIMARY_URI
    return (
        f'<rdf:Description {RDF_NAME} xmlns:Device="{DEVICE}" xmlns:Container="{CONTAINER}" '
        f'xmlns:Item="{ITEM}" xmlns:Profile="{PROFILE}" xmlns:Camera="{CAMERA}" '
        f'xmlns:DepthMap="{DEPTHMAP}" xmlns:Image="{IMAGE}" xmlns:ImagingModel="{IMAGING}">'
        f'<Device:Container rdf:parseType="Resource"><Container:Directory><rdf:Seq>{directory}'
        "</rdf:Seq></Container:Directory></Device:Container>"
        '<Device:Profiles><rdf:Seq><rdf:li rdf:parseType="Resource">'
        '<Device:Profile Profile:Type="DepthPhoto"><Profile:CameraIndices><rdf:Seq><rdf:li>0'
        "</rdf:li></rdf:Seq></Profile:CameraIndices></Device:Profile></rdf:li></rdf:Seq>"
        '</Device:Profiles><Device:Cameras><rdf:Seq><rdf:li rdf:parseType="Resource">'
        '<Device:Camera rdf:parseType="Resource">'
        f'<Camera:DepthMap DepthMap:ItemSemantic="Depth" DepthMap:Format="RangeInverse" '
        f'DepthMap:Near="{depth.codes.near!r}" DepthMap:Far="{depth.codes.far!r}" '
        f'DepthMap:Units="{unit}" DepthMap:DepthURI="{DEPTH_URI}" '
        'DepthMap:MeasureType="OpticalAxis" DepthMap:Software="d2f"/>'
        f'<Camera:Image Image:ItemSemantic="Primary" Image:ItemURI="{shown}"/>'
        f"{_imaging_model(depth, rows, cols)}"
        "</Device:Camera></rdf:li></rdf:Seq></Device:Cameras></rdf:Description>"
    )


def _imaging_model(depth: CodedDepth, rows: int, cols: int) -> str:
    if depth.focal_length_sides is None:
        return ""
    focal = repr(depth.focal_length_sides * max(rows, cols))
    return (
        f'<Camera:ImagingModel ImagingModel:FocalLengthX="{focal}" '
        f'ImagingModel:FocalLengthY="{focal}" ImagingModel:ImageWidth="{cols}" '
        f'ImagingModel:ImageHeight="{rows}" ImagingModel:PrincipalPointX="{cols / 2!r}" '
        f'ImagingModel:PrincipalPointY="{rows / 2!r}" ImagingModel:Skew="0.0" '
        'ImagingModel:PixelAspectRatio="1.0"/>'
    )

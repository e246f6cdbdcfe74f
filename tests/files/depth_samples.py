"""JPEG files with depth in them, built by hand from what the specifications say."""

from __future__ import annotations

import base64
import hashlib
import io
import struct

import numpy as np
from PIL import Image

NEAR_M, FAR_M = 0.4, 12.0
READ_ERROR = 5e-3  # of depth, as promised; worst seen 2.1e-4 (RangeLinear, 16 bits)
EIGHT_BIT_STEP = 0.51 / 255  # of the range of disparity: half a code, and rounding
WRITE_ERROR = 1e-5  # of the range of disparity; worst seen 7.7e-6
GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
DD = "http://ns.google.com/photos/dd/1.0/"
HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
TAIL = "</rdf:RDF></x:xmpmeta>"


def photo(size: tuple[int, int] = (96, 128), orientation: int | None = 1) -> bytes:
    """A small JPEG of this size (H, W), without EXIF where there is no orientation."""
    rows, cols = np.mgrid[: size[0], : size[1]]
    picture = np.stack([rows * 2, cols, rows + cols], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation or 1
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", **({} if orientation is None else {"exif": exif}))
    return file.getvalue()


def scene_depth_m(size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """Depth from NEAR_M to FAR_M, different in every corner, with a step."""
    rows, cols = np.mgrid[: size[0], : size[1]] / np.array(size)[:, None, None]
    disparity = 1 / FAR_M + (1 / NEAR_M - 1 / FAR_M) * (0.7 * rows + 0.3 * cols)
    disparity[: size[0] // 3, : size[1] // 4] = 1 / FAR_M
    disparity[-1, -1] = 1 / NEAR_M
    return 1 / disparity


def coded(depth_m: np.ndarray, *, inverse: bool, bits: int) -> bytes:
    """The PNG that the specification makes of depth, by its own formulas."""
    if inverse:
        share = FAR_M * (depth_m - NEAR_M) / (depth_m * (FAR_M - NEAR_M))
    else:
        share = (depth_m - NEAR_M) / (FAR_M - NEAR_M)
    largest = 2**bits - 1
    codes = np.rint(share * largest).astype(np.uint8 if bits == 8 else np.uint16)
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "PNG")
    return file.getvalue()


def app1(payload: bytes) -> bytes:
    """One APP1 segment."""
    return struct.pack(">BBH", 0xFF, 0xE1, len(payload) + 2) + payload


def with_packet(jpeg: bytes, packet: str, *segments: bytes) -> bytes:
    """The JPEG with an XMP packet and further segments behind its first marker."""
    own = app1(b"http://ns.adobe.com/xap/1.0/\0" + packet.encode())
    return jpeg[:2] + own + b"".join(segments) + jpeg[2:]


def extended_parts(packet: str, part_bytes: int, *, shuffled: bool = False) -> tuple[str, list]:
    """GUID and segments of an extended packet."""
    content = packet.encode()
    guid = hashlib.md5(content).hexdigest().upper()
    parts = [
        app1(
            b"http://ns.adobe.com/xmp/extension/\0" + guid.encode()
            + struct.pack(">II", len(content), at) + content[at : at + part_bytes]
        )
        for at in range(0, len(content), part_bytes)
    ]  # fmt: skip
    return guid, parts[::-1] if shuffled else parts


def gdepth_photo(
    depth_m: np.ndarray, *, form: str = "RangeInverse", bits: int = 16, jpeg: bytes | None = None,
    extra: str = "",
) -> bytes:  # fmt: skip
    """A JPEG with GDepth in an extended packet over several segments, in reversed order."""
    data = base64.b64encode(coded(depth_m, inverse=form == "RangeInverse", bits=bits)).decode()
    long = f'{HEAD}<rdf:Description xmlns:GDepth="{GDEPTH}" GDepth:Data="{data}"/>{TAIL}'
    guid, parts = extended_parts(long, max(len(long) // 2 + 1, 1), shuffled=True)
    assert len(parts) == 2
    short = (
        f'{HEAD}<rdf:Description xmlns:GDepth="{GDEPTH}" GDepth:Format="{form}" '
        f'GDepth:Near="{NEAR_M}" GDepth:Far="{FAR_M}" GDepth:Mime="image/png" {extra} '
        f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{guid}"/>{TAIL}'
    )
    return with_packet(photo() if jpeg is None else jpeg, short, *parts)


def dynamic_photo(
    depth_m: np.ndarray, *, uri: str = "android/depthmap", listed: str | None = None,
    cut: int = 0, length: str | None = None,
) -> bytes:  # fmt: skip
    """A Dynamic Depth photo as cameras write it: properties as elements, three items behind it."""
    picture = coded(depth_m, inverse=True, bits=8)
    between = b"\xff\xd8 something else \xff\xd9"
    items = [
        ("image/jpeg", "0", "primary_image"),
        ("image/jpeg", str(len(between)), "android/other"),
        ("image/png", length or str(len(picture)), listed or uri),
    ]
    directory = "".join(
        f'<rdf:li rdf:parseType="Resource"><rdf:value rdf:parseType="Resource"><Item:Mime>{mime}'
        f"</Item:Mime><Item:Length>{size}</Item:Length><Item:DataURI>{name}</Item:DataURI>"
        f"</rdf:value><rdf:type>{DD}container/:Item</rdf:type></rdf:li>"
        for mime, size, name in items
    )
    packet = (
        f'{HEAD}<rdf:Description xmlns:Device="{DD}device/" xmlns:Container="{DD}container/" '
        f'xmlns:Item="{DD}item/" xmlns:Camera="{DD}camera/" xmlns:DepthMap="{DD}depthmap/" '
        f'xmlns:ImagingModel="{DD}imagingmodel/"><Device:Container rdf:parseType="Resource">'
        f"<Container:Directory><rdf:Seq>{directory}</rdf:Seq></Container:Directory>"
        "</Device:Container><Device:Cameras><rdf:Seq><rdf:li><Device:Camera><Camera:DepthMap "
        'DepthMap:ItemSemantic="Depth" DepthMap:Format="RangeInverse" DepthMap:Units="Meters" '
        f'DepthMap:Near="{NEAR_M}" DepthMap:Far="{FAR_M}" DepthMap:DepthURI="{uri}"/>'
        '<Camera:ImagingModel ImagingModel:FocalLengthX="100" ImagingModel:ImageWidth="128" '
        'ImagingModel:ImageHeight="96"/></Device:Camera></rdf:li></rdf:Seq></Device:Cameras>'
        f"</rdf:Description>{TAIL}"
    )
    file = with_packet(photo(), packet) + between + picture
    return file[: len(file) - cut]


def worst_depth_error(found: np.ndarray, depth_m: np.ndarray) -> float:
    """Largest error of depth, relative to depth."""
    return float(np.abs(1 / found.astype(np.float64) / depth_m - 1).max())

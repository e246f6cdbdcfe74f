"""XMP packets in and out of their containers, and what d2f did, put into a packet.

A packet is changed as text, by adding or taking out whole elements, so that all else stays byte for
byte as its writer left it; what is odd is parsed first, without trust.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import D2FError, PhotoError
from .photo import Metadata

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = [
    "EMPTY",
    "NAMESPACE",
    "check_xmp",
    "joined",
    "split_for_jpeg",
    "with_edit",
    "with_elements",
]

NAMESPACE = "urn:d2f:edit:1#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NOTE = "http://ns.adobe.com/xmp/note/"
LONGEST_STANDARD = 65_500  # of a packet in one segment of a JPEG, less its signature
LONG_PROPERTY = 2_000  # bytes; longer ones move to the extended packet where there is no room
END_OF_RDF = re.compile(rb"</(\w+):RDF\s*>")
EMPTY_RDF = re.compile(rb"<(\w+):RDF\b([^>]*?)/>")
OWN_DESCRIPTION = re.compile(
    rb"\s*<(\w+):Description\b[^<>]*" + re.escape(NAMESPACE.encode()) + rb"[^<>]*/>"
)
OWN_ATTRIBUTE = re.compile(rb"\s+d2f:\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')")
OWN_ELEMENT = re.compile(rb"\s*<d2f:(\w+)>[^<]*</d2f:\1>")
HAS_EXTENDED = re.compile(
    rb"\s+\w+:HasExtendedXMP\s*=\s*[\"'][0-9A-Fa-f]{32}[\"']"
    rb"|<\w+:HasExtendedXMP>[^<]*</\w+:HasExtendedXMP>"
)
QUOTED = str.maketrans(  # xml.sax.saxutils has this, too, and loads the network's modules for it
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;"}
)
ABOUT = re.compile(rb"\w+:about\s*=\s*(\"[^\"]*\"|'[^']*')")
EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF></x:xmpmeta>\n'
    '<?xpacket end="w"?>'
).encode()


def check_xmp(metadata: Metadata, name: str) -> None:
    """Refuse XMP that declares entities, as only attacks do; other damage is no matter here.

    Raises
    ------
    PhotoError
    """
    for packet in (metadata.xmp, metadata.extended_xmp):
        if packet is not None and b"<!" in packet and re.search(rb"<!(?:DOCTYPE|ENTITY)", packet):
            raise PhotoError(
                f"{name} carries XMP that declares entities or a document type, as only attacks "
                "do: remove its XMP."
            )


def with_edit(packet: bytes | None, edit: Mapping[str, str]) -> bytes | None:
    """The packet with what was done to the photo, instead of what an earlier run told.

    Parameters
    ----------
    packet : bytes, optional
        None makes a new one. A packet that is no sound XMP is left as it is.
    edit : mapping
        Names and values; empty changes nothing.
    """
    if not edit:
        return packet
    base = packet or EMPTY
    if packet is not None and _tree(packet) is None:
        return packet
    cleared = base
    if NAMESPACE.encode() in base:
        cleared = OWN_DESCRIPTION.sub(b"", base)
        cleared = OWN_ELEMENT.sub(b"", OWN_ATTRIBUTE.sub(b"", cleared))
    about = ABOUT.search(cleared)
    words = "".join(f'\n    d2f:{name}="{value.translate(QUOTED)}"' for name, value in edit.items())
    about_text = about[1].decode("utf-8", "replace") if about else '""'
    changed = _with_description(
        cleared, f'rdf:about={about_text} xmlns:rdf="{RDF}" xmlns:d2f="{NAMESPACE}"{words}'
    )
    return changed if changed is not None and _tree(changed) is not None else packet


def _with_description(packet: bytes, attributes: str) -> bytes | None:
    return with_elements(packet, f"<rdf:Description {attributes}/>".encode())


def with_elements(packet: bytes, elements: bytes) -> bytes | None:
    """A packet with elements at the end of its RDF; None where it has none."""
    ends = list(END_OF_RDF.finditer(packet))
    if ends:
        at = ends[-1].start()
        return packet[:at] + b" " + elements + b"\n" + packet[at:]
    empty = EMPTY_RDF.search(packet)
    if empty is None:
        return None
    prefix, rest = empty[1], empty[2]
    opened = b"<" + prefix + b":RDF" + rest + b">" + elements + b"</" + prefix + b":RDF>"
    return packet[: empty.start()] + opened + packet[empty.end() :]


def _tree(packet: bytes) -> Element | None:
    from .xmp_tree import xmp_root

    try:
        return xmp_root(packet, "the photo")
    except D2FError:
        return None


def joined(metadata: Metadata) -> Metadata:
    """One packet of the two that a JPEG may have, for containers without that limit."""
    if metadata.extended_xmp is None or metadata.xmp is None:
        return replace(metadata, extended_xmp=None)
    from xml.etree import ElementTree

    tree = _tree(metadata.extended_xmp)
    if tree is None:
        return replace(metadata, extended_xmp=None)
    parts = [
        ElementTree.tostring(child, encoding="utf-8")
        for child in tree.iter(f"{{{RDF}}}Description")
    ]
    packet = HAS_EXTENDED.sub(b"", metadata.xmp)
    return replace(metadata, xmp=with_elements(packet, b"\n".join(parts)), extended_xmp=None)


def split_for_jpeg(metadata: Metadata) -> Metadata:
    """Two packets where one is too long for a segment (XMP part 3, 1.1.3.1)."""
    packet = metadata.xmp
    if packet is None or len(packet) <= LONGEST_STANDARD or metadata.extended_xmp is not None:
        return metadata
    from xml.etree import ElementTree

    tree = _tree(packet)
    rdf = None if tree is None else next(tree.iter(f"{{{RDF}}}RDF"), None)
    if rdf is None:
        return metadata
    moved = ElementTree.Element(f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
    for description in rdf.findall(f"{{{RDF}}}Description"):
        for name, value in list(description.attrib.items()):
            if len(value) > LONG_PROPERTY:
                moved.set(name, value)
                del description.attrib[name]
        for element in list(description):
            if len(ElementTree.tostring(element)) > LONG_PROPERTY:
                moved.append(element)
                description.remove(element)
    extended = _packet_of([moved])
    guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper()
    note = ElementTree.Element(
        f"{{{RDF}}}Description", {f"{{{RDF}}}about": "", f"{{{NOTE}}}HasExtendedXMP": guid}
    )
    return replace(metadata, xmp=_packet_of([*rdf, note]), extended_xmp=extended)


def _packet_of(descriptions: list[Element]) -> bytes:
    from xml.etree import ElementTree

    ElementTree.register_namespace("rdf", RDF)
    ElementTree.register_namespace("xmpNote", NOTE)
    ElementTree.register_namespace("d2f", NAMESPACE)
    root = ElementTree.Element("{adobe:ns:meta/}xmpmeta")
    rdf = ElementTree.SubElement(root, f"{{{RDF}}}RDF")
    rdf.extend(descriptions)
    ElementTree.register_namespace("x", "adobe:ns:meta/")
    return bytes(ElementTree.tostring(root, encoding="utf-8"))

"""XMP packets as text: depth properties taken out, a description put in, all else as it was.

A packet is edited, not written anew: readers look for prefixes as often as for namespaces, and a
tree written out again would lose them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .depth_values import UnusableDepth

__all__ = ["EMPTY_PACKET", "with_description", "without_namespaces"]

EMPTY_PACKET = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta>'
    b'<?xpacket end="w"?>'
)
END_OF_RDF = re.compile(rb"</([A-Za-z_][\w.-]*:)?RDF\s*>")
EMPTY_RDF = re.compile(rb"<([A-Za-z_][\w.-]*:)?RDF([^>]*)/>")


def with_description(packet: bytes, description: str) -> bytes:
    """The packet with one more `rdf:Description`, given with the prefix rdf.

    Raises
    ------
    UnusableDepth
        If the packet has no RDF element.
    """
    packet = EMPTY_RDF.sub(rb"<\1RDF\2></\1RDF>", packet)
    ends = list(END_OF_RDF.finditer(packet))
    if not ends:
        raise UnusableDepth("the photo's XMP holds no RDF: remove it, then embed depth again.")
    end = ends[-1]
    if end[1] != b"rdf:":
        declared = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        description = description.replace("<rdf:Description ", f"<rdf:Description {declared}", 1)
    return packet[: end.start()] + description.encode() + packet[end.start() :]


def without_namespaces(packet: bytes, namespaces: Iterable[str]) -> bytes:
    """The packet (well-formed) without attributes and elements of these namespaces."""
    for namespace in namespaces:
        declared = rb"xmlns:([A-Za-z_][\w.-]*)\s*=\s*[\"']" + re.escape(namespace.encode())
        for prefix in set(re.findall(declared + rb"[\"']", packet)):
            name = re.escape(prefix) + rb":[\w.-]+"
            packet = re.sub(rb"<(" + name + rb")(\s[^>]*)?/>", b"", packet)
            packet = re.sub(rb"<(" + name + rb")(\s[^>]*)?>.*?</\1\s*>", b"", packet, flags=re.S)
            packet = re.sub(rb"\s" + name + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", b"", packet)
    return packet

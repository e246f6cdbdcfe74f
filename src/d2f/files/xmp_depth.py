"""What a packet of XMP says about depth, taken out where it no longer holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .dynamic_depth import DEVICE
from .gdepth import GDEPTH, GIMAGE
from .photo import Metadata

__all__ = ["without_depth", "without_namespaces"]

EMPTY_DESCRIPTION = re.compile(
    rb"<(\w+):Description(?:\s+(?:xmlns:[\w.-]+|\w+:about)\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*"
    rb"(?:/>|>\s*</\1:Description\s*>)"
)


def without_depth(metadata: Metadata, *, appended: bool, upright: bool) -> Metadata:
    """Metadata without depth that the output does not hold, or holds turned.

    Parameters
    ----------
    metadata : Metadata
    appended : bool
        Whether the items behind the picture come along: what Dynamic Depth speaks of.
    upright : bool
        Whether the picture was stored upright; else a map in its XMP lies across it now.
    """
    gone = [] if appended and upright else [DEVICE]
    if not upright:
        gone += [GDEPTH, GIMAGE]
    xmp, extended = metadata.xmp, metadata.extended_xmp
    return replace(
        metadata,
        xmp=None if xmp is None else without_namespaces(xmp, gone),
        extended_xmp=None if extended is None else without_namespaces(extended, gone),
    )


def without_namespaces(packet: bytes, namespaces: Iterable[str]) -> bytes:
    """A packet without attributes and elements of these namespaces; all else stays, byte for byte.

    It is changed as text: readers look for prefixes as often as for namespaces, and a tree written
    out again would lose them.
    """
    whole = packet
    for namespace in namespaces:
        declared = rb"xmlns:([A-Za-z_][\w.-]*)\s*=\s*[\"']" + re.escape(namespace.encode())
        for prefix in set(re.findall(declared + rb"[\"']", packet)):
            name = re.escape(prefix) + rb":[\w.-]+"
            packet = re.sub(rb"<(" + name + rb")(\s[^>]*)?/>", b"", packet)
            packet = re.sub(rb"<(" + name + rb")(\s[^>]*)?>.*?</\1\s*>", b"", packet, flags=re.S)
            packet = re.sub(rb"\s" + name + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", b"", packet)
    return packet if packet == whole else EMPTY_DESCRIPTION.sub(b"", packet)

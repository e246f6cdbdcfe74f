"""XMP packets as trees: parsed without trust, searched without regard to how they are spelled.

XMP lets a writer put a property into an attribute or an element, into any `rdf:Description`, under
any prefix. Only namespace and name count, so that is all that is asked for here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import PhotoError
from .depth_values import UnusableDepth

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["children_named", "number_of", "property_of", "xmp_root"]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DEEPEST = 100  # levels of elements; honest packets have a dozen


def xmp_root(packet: bytes, name: str) -> Element:
    """The tree of an XMP packet.

    Parameters
    ----------
    packet : bytes
        With or without its `xpacket` frame and padding.
    name : str
        For messages.

    Raises
    ------
    PhotoError
        If the packet declares entities or a document type, which no XMP may.
    UnusableDepth
        If it is not well-formed.
    """
    from defusedxml import DefusedXmlException, ElementTree

    try:
        root: Element = ElementTree.fromstring(packet.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except DefusedXmlException:
        raise PhotoError(
            f"{name} carries XMP that declares entities or a document type, as only attacks do: "
            "remove its XMP."
        ) from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # LookupError: its encoding
        raise UnusableDepth(
            f"{name} carries XMP that is not well-formed ({error}): write its metadata again."
        ) from None
    _check_depth(root, name)
    return root


def _check_depth(root: Element, name: str) -> None:
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return
    raise PhotoError(f"{name} carries XMP nested over {DEEPEST} levels deep: remove its XMP.")


def property_of(tree: Element, namespace: str, name: str) -> str | None:
    """The first text of a property, whether it is an attribute or an element; None if absent."""
    key = f"{{{namespace}}}{name}"
    for element in tree.iter():
        if key in element.attrib:
            return element.attrib[key].strip()
        if element.tag == key and (element.text or "").strip():
            return (element.text or "").strip()
    return None


def number_of(tree: Element, namespace: str, name: str) -> float | None:
    """The first number of a property; None if it is absent or no finite number."""
    try:
        number = float(property_of(tree, namespace, name) or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def children_named(tree: Element, namespace: str, name: str) -> Iterator[Element]:
    """Every element of that name, at any depth, in the order of the packet."""
    return tree.iter(f"{{{namespace}}}{name}")

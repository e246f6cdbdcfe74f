"""What was done to a photo, as a C2PA tool takes it: a manifest definition, ready to be signed.

C2PA 2.1, 18.14 (actions, version 2): the photo was opened, then edited by a program. Signing needs
a certificate, so it is left to the tools that have one.
"""

from __future__ import annotations

import json
from importlib.metadata import version

from .files import Photo

__all__ = ["c2pa_actions"]

# IPTC NewsCodes, digital source type: a captured photo that an algorithm changed.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
MIME = {
    "JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "WEBP": "image/webp",
    "AVIF": "image/avif", "HEIC": "image/heic", "JXL": "image/jxl",
}  # fmt: skip


def c2pa_actions(photo: Photo, *, title: str, file_format: str) -> bytes:
    """The definition as JSON.

    Parameters
    ----------
    photo : Photo
        As rendered: its `edit` tells what was done.
    title : str
        Name of the output.
    file_format : Format
        Of the output.
    """
    agent = {"name": "d2f", "version": version("d2f")}
    edited = {
        "action": "c2pa.edited",
        "softwareAgent": agent,
        "digitalSourceType": SOURCE_TYPE,
        "parameters": {"description": "depth of field of a faster lens", **photo.edit},
    }
    definition = {
        "claim_generator_info": [agent],
        "title": title,
        "format": MIME.get(file_format, "application/octet-stream"),
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"action": "c2pa.opened"}, edited]},
            }
        ],
    }
    return (json.dumps(definition, indent=2, ensure_ascii=False) + "\n").encode()

"""Give a photo the depth of field of a fast lens.

    import d2f
    d2f.render("cat.jpg", output="cat.bokeh.jpg", f_number=1.8)   # a file to a file
    session = d2f.open("cat.jpg")                                 # analysed once
    picture = session.render(focus=(0.4, 0.6), f_number=2.8)      # rendered many times

Names are loaded when first used, so that importing d2f costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import D2FError, MissingPartError, PhotoError, UsageError
    from .files import Photo
    from .library import OpenPhoto, open, render
    from .light import recover_highlights
    from .optics import Aperture
    from .renderer import blur
    from .settings import Settings

__all__ = [
    "Aperture",
    "D2FError",
    "MissingPartError",
    "OpenPhoto",
    "Photo",
    "PhotoError",
    "Settings",
    "UsageError",
    "blur",
    "open",
    "recover_highlights",
    "render",
]

_HOME = {
    "Aperture": "optics",
    "D2FError": "errors",
    "MissingPartError": "errors",
    "OpenPhoto": "library",
    "Photo": "files",
    "PhotoError": "errors",
    "Settings": "settings",
    "UsageError": "errors",
    "blur": "renderer",
    "open": "library",
    "recover_highlights": "light",
    "render": "library",
}


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

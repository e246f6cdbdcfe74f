"""The routes of the HTTP API: a module for each kind of thing that is asked for.

`photos` come in, are mended and forgotten; `pictures` are seen on the screen; `files` are kept.
What they have in common: `uploads`, `answers`.
"""

from .files import add_files
from .photos import add_photos
from .pictures import add_pictures

__all__ = ["add_files", "add_photos", "add_pictures"]

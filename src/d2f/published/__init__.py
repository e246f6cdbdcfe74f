"""The published D2F model on photos: codes in, codes out.

`session` knows photos, settings and what the model cannot be asked; `stages`, which needs torch, is
the way of a picture through the model, to the letter. The networks are `d2f.models.d2f2023`, the
renderer is `d2f.renderer.paper`.
"""

from .session import PublishedPicture, PublishedSession, check_method, refuse_idle

__all__ = ["PublishedPicture", "PublishedSession", "check_method", "refuse_idle"]

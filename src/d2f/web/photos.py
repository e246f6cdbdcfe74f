"""The uploads: on the disc under unguessable names, within a budget, each its client's alone."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import time
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .jobs import StoredPhoto
from .problems import Refusal
from .workers import Worker

__all__ = ["MOST_STROKES", "Entry", "PhotoStore", "harmless_name"]

ID_BYTES = 18  # 144 bits
IDLE_SECONDS = 300.0  # a photo that was used later is not dropped for another's sake
MOST_STROKES = 500
LONGEST_NAME = 200  # bytes of UTF-8: discs take 255, and some is put before and behind
UNWANTED = frozenset("<>:\"|?*%;&$`'\\/")  # of names: what shells, browsers and discs dislike


def harmless_name(name: str | None, default: str = "photo") -> str:
    """A client's file name without folders, control characters and other surprises."""
    last = re.split(r"[/\\]", name or "")[-1]
    composed = unicodedata.normalize("NFC", last)  # as most systems write it
    plain = "".join(
        sign if sign.isprintable() and sign not in UNWANTED else "_" for sign in composed
    )
    kept = plain.strip(" .").encode()[-LONGEST_NAME:].decode(errors="ignore")
    return kept.lstrip(" .-") or default


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """A photo and what the server knows of it.

    Attributes
    ----------
    stored : StoredPhoto
    client : str, optional
        To whom it belongs; None where the uploader had no cookie.
    worker : Worker
        Who keeps it warm.
    bytes : int
        On the disc.
    state : dict
        What was found in it.
    """

    stored: StoredPhoto
    client: str | None
    worker: Worker
    bytes: int
    state: dict[str, Any] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def with_strokes(self, strokes: tuple[Any, ...]) -> StoredPhoto:
        """The photo as it will be with other strokes."""
        return replace(self.stored, strokes=strokes)


class PhotoStore:
    """All photos, the least recently used first.

    Parameters
    ----------
    folder : Path
        Its own, removed with it.
    most_bytes : int
    """

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """On the disc."""
        return sum(entry.bytes for entry in self._entries.values())

    def folder(self) -> tuple[str, Path]:
        """An id and an empty folder for a new upload."""
        name = secrets.token_urlsafe(ID_BYTES)
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        return name, folder

    def make_room(self, count: int) -> list[Entry]:
        """Drop what was not used for long until `count` bytes fit; tells what was dropped.

        Raises
        ------
        Refusal
            507 if all are in use.
        """
        dropped = []
        while self._entries and self.bytes + count > self._most_bytes:
            oldest = next(iter(self._entries.values()))
            if time.monotonic() - oldest.used < IDLE_SECONDS:
                break
            dropped.append(self.drop(oldest))
        if self.bytes + count > self._most_bytes:
            raise Refusal(507, "there is no room for more photos: delete some, or come back later.")
        return dropped

    def add(self, entry: Entry) -> None:
        """Keep a new photo."""
        self._entries[entry.stored.id] = entry

    def of(self, photo_id: str, client: str | None) -> Entry:
        """A client's photo.

        Raises
        ------
        Refusal
            404 if there is none, or it is another client's: nobody is told which.
        """
        entry = self._entries.get(photo_id)
        if entry is None or (entry.client is not None and entry.client != client):
            raise Refusal(404, "there is no such photo: it may have been dropped; send it again.")
        entry.used = time.monotonic()
        self._entries.move_to_end(photo_id)
        return entry

    def drop(self, entry: Entry) -> Entry:
        """Forget a photo and delete its files."""
        self._entries.pop(entry.stored.id, None)
        shutil.rmtree(entry.stored.file.parent, ignore_errors=True)
        return entry

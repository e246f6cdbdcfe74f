"""`d2f train install`: a trained network becomes the one that d2f uses."""

import hashlib
import json
from pathlib import Path

import numpy as np

from d2f.errors import MissingPartError, PhotoError, UsageError
from d2f.files.atomic import write_whole
from d2f.models.compact import WEIGHTS, CompactModel
from d2f.models.register import registered as packaged

__all__ = ["install_weights"]

TRIAL_SIZES = ((64, 96), (96, 64))  # rows, columns


def install_weights(source: Path, *, folder: Path = WEIGHTS.parent) -> Path:
    """Put a network into the package as compact.onnx and register its SHA-256.

    Parameters
    ----------
    source : Path
        NAME.onnx as exported, or a checkpoint NAME.pt, which is exported first (needs torch).
    folder : Path
        Where d2f looks for its weights.

    Returns
    -------
    Path
        The installed file.

    Raises
    ------
    D2FError
        If the source cannot be read, is no such network, or cannot be installed.
    """
    if not source.is_file():
        raise UsageError(f"{source} does not exist: give a NAME.onnx, or a checkpoint NAME.pt.")
    content = onnx_of(source)
    way_out = "give the ONNX file or a checkpoint of `d2f train compact`"
    try:
        model = CompactModel.from_bytes(content)
    except MissingPartError as error:
        raise PhotoError(f"{source} is no network for d2f: {way_out}.") from error
    if not gives_maps(model):
        raise PhotoError(f"{source} gives no maps of a photo, or damaged ones: {way_out}.")
    register = folder / "register.json"
    entries = registered(register)
    digest = hashlib.sha256(content).hexdigest()
    # A packaged network keeps its card, and with it its terms; any other has none.
    cards = {entry.get("sha256"): entry.get("card") for entry in packaged().values()}
    entries["compact.onnx"] = {
        "bytes": len(content),
        "card": cards.get(digest),
        "sha256": digest,
    }
    text = json.dumps(entries, indent=2, sort_keys=True) + "\n"
    target = folder / "compact.onnx"
    write_whole(content, target, overwrite=True)
    write_whole(text.encode(), register, overwrite=True)
    return target


def gives_maps(model: CompactModel) -> bool:
    """Whether a network gives finite maps of the right size on trial photos of two sizes."""
    for rows, columns in TRIAL_SIZES:
        photo = np.linspace(0, 1, 3 * rows * columns, dtype=np.float32)
        try:
            maps = model.run(photo.reshape(1, 3, rows, columns))
        except Exception:  # onnxruntime has a dozen kinds without a common base
            return False
        size = (1, rows // 2, columns // 2)
        if not all(map_.shape == size and np.isfinite(map_).all() for map_ in maps):
            return False
    return True


def onnx_of(source: Path) -> bytes:
    """The content of an ONNX file, or that of the network in a checkpoint."""
    if source.suffix == ".pt":
        from d2f.train.export_onnx import onnx_of_checkpoint

        return onnx_of_checkpoint(source)
    try:
        return source.read_bytes()
    except OSError as error:
        raise PhotoError(f"{source} cannot be read: {error.strerror or error}.") from error


def registered(register: Path) -> dict[str, object]:
    """The register's entries; none if there is no register yet."""
    if not register.exists():
        return {}
    try:
        entries: dict[str, object] = dict(json.loads(register.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise PhotoError(f"{register} is damaged: remove it and install again.") from error
    return entries

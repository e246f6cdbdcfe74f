"""The trained network as an ONNX file that follows the size of its photo.

Weights are stored as 16-bit floats and cast back when the file is loaded: half the size, the same
speed. Every export is compared with torch at three sizes before the file is kept.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.export import Dim

from d2f.models.compact import CompactModel
from d2f.train.network import CompactNetwork

__all__ = ["export_checkpoint", "half_stored", "install"]

PARITY_SIZES = ((256, 320), (384, 288), (96, 640))  # rows, columns
PARITY_LIMIT = 0.02  # of the map's spread, mean: 16-bit weights gave 0.001 to 0.003
SMALLEST_HALVED = 256  # elements; small tensors gain nothing


def export_checkpoint(checkpoint: Path, target: Path) -> Path:
    """Write the averaged weights of a checkpoint as ONNX; returns ``target``.

    Refused (RuntimeError) where onnxruntime and torch disagree at any of three sizes.
    """
    network = CompactNetwork().eval()
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network.load_state_dict(state["average"])
    model = half_stored(exported(network))
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    check_parity(network, content)
    beside = target.with_suffix(".part")
    beside.write_bytes(content)
    os.replace(beside, target)
    return target


def exported(network: CompactNetwork) -> onnx.ModelProto:
    """The network as an ONNX graph with free height and width."""
    rows, columns = Dim("rows", min=2, max=64), Dim("columns", min=2, max=64)
    program = torch.onnx.export(
        network,
        (torch.rand(1, 3, 256, 320),),
        dynamo=True,
        # The old exporter bakes sizes in and is silently wrong at every other size.
        dynamic_shapes={"photo": {2: 32 * rows, 3: 32 * columns}},
        input_names=["photo"],
        output_names=["disparity", "focus_map"],
        external_data=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("the exporter returned no program")
    return program.model_proto


def half_stored(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with large float32 weights stored as float16, each behind a Cast to float32."""
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < SMALLEST_HALVED:
            continue
        name = tensor.name
        half = numpy_helper.from_array(weights.astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    # Shapes and names of the exporter's own bookkeeping: a third of the small file.
    del graph.value_info[:]
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    return model


def check_parity(network: CompactNetwork, content: bytes) -> None:
    """Compare onnxruntime with torch on noise and ramps at three sizes."""
    model = CompactModel.from_bytes(content)
    generator = torch.Generator().manual_seed(0)
    for rows, columns in PARITY_SIZES:
        photo = torch.rand(1, 3, rows // 8, columns // 8, generator=generator)
        photo = torch.nn.functional.interpolate(photo, (rows, columns), mode="bilinear")
        with torch.inference_mode():
            expected = [map_.numpy() for map_ in network(photo)]
        actual = model.run(photo.numpy())
        for name, ours, theirs in zip(("disparity", "focus_map"), actual, expected, strict=True):
            error = float(np.abs(ours - theirs).mean() / max(float(theirs.std()), 1e-3))
            if ours.shape != theirs.shape or not error < PARITY_LIMIT:
                raise RuntimeError(
                    f"{name} at {rows} x {columns}: onnxruntime gives {ours.shape}, "
                    f"torch {theirs.shape}; mean difference {error:.4f} of the spread"
                )


def install(source: Path, weights_folder: Path) -> None:
    """Put an exported file into the package as compact.onnx and register its SHA-256."""
    content = source.read_bytes()
    (weights_folder / "compact.onnx").write_bytes(content)
    register = weights_folder / "register.json"
    entries = json.loads(register.read_text(encoding="utf-8")) if register.exists() else {}
    entries["compact.onnx"] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "card": "compact.md",
    }
    register.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")

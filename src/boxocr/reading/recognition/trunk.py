"""PP-OCR's recognizer without its last layer.

The last layer is linear: the features of each step along a line times weights give the logits of the characters. Heads
(:mod:`boxocr.reading.recognition.head`) replace it. The features are an inner value of the ONNX graph, which is cut
there. The layer computes all of the model's classes for each step: with it a line takes twice the memory.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from boxocr.errors import EngineNotUsable
from boxocr.reading import onnx, ppocr_models
from boxocr.reading.recognition.head import Array, Head, checksum

# Types and label of fields: https://github.com/protocolbuffers/protobuf, descriptor.proto.
_TEXT, _BYTES, _INTEGER, _MESSAGE = 9, 12, 3, 11
_REPEATED = 3

# Messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, with number and type of the fields needed here.
# Single fields are encoded like repeated ones with one value; protobuf keeps fields that it does not know.
_MESSAGES: dict[str, dict[str, tuple[int, int | str]]] = {
    "Model": {"graph": (7, "Graph")},
    "Graph": {"node": (1, "Node"), "initializer": (5, "Tensor"), "output": (12, "Value"), "value_info": (13, "Value")},
    "Node": {"input": (1, _TEXT), "output": (2, _TEXT), "op_type": (4, _TEXT)},
    "Tensor": {"dims": (1, _INTEGER), "data_type": (2, _INTEGER), "name": (8, _TEXT), "raw_data": (9, _BYTES)},
    "Value": {"name": (1, _TEXT)},
}
_FLOAT = 1


class Trunk:
    """The model up to the features that its last layer gets.

    Args:
        file: the ONNX file.
        characters: those of its classes after the first, which means no character; None for the recognizer of the
            wheel, whose file lists them.
        threads: how many one run may use.
        is_alone: see :func:`boxocr.reading.onnx.session_of`.

    Attributes:
        base: the last layer as a head, with all characters of the model.
        model: checksum of the model, which heads are bound to.

    Raises:
        EngineNotUsable: the model's last layer cannot be replaced.
    """

    def __init__(self, file: Path, characters: Sequence[str] | None, threads: int, *, is_alone: bool = False) -> None:
        # The file is read twice, so that its 21 MB are not in memory while the layer is cut off.
        self.model = checksum(file.read_bytes())
        trunk, weights, bias = without_last_layer(file)
        self._session = onnx.session_of(trunk, threads, is_alone=is_alone)
        self._input = self._session.get_inputs()[0].name
        known = ppocr_models.installed_characters(self._session) if characters is None else tuple(characters)
        self.base = Head(known, weights, bias, self.model)

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of lines, ``(lines, steps, size)``, for the model's input."""
        (found,) = self._session.run(None, {self._input: blob})
        return np.asarray(found, np.float32)


def trunk_of(languages: str, folder: str | None, threads: int) -> Trunk:
    """The trunk of the recognizer that is used for some languages, without the memory of its last layer.

    Args:
        languages: codes joined by ``+``.
        folder: with the operator's models; None for the recognizer in the wheel.
        threads: how many one run may use.

    Raises:
        EngineNotUsable: as :func:`boxocr.reading.ppocr_models.load`, or the last layer cannot be replaced.
    """
    if folder is None:
        return Trunk(onnx.model_file("rec"), None, threads, is_alone=True)
    _, models = ppocr_models.load(folder, threads)
    model = ppocr_models.of_languages(models, languages)
    return Trunk(model.file, model.characters, threads, is_alone=True)


def without_last_layer(file: Path) -> tuple[bytes, Array, Array]:
    """Cut off the last layer of a recognizer: the last matrix product, which a softmax follows.

    Returns:
        The model, whose only output is the features; the layer's weights, ``(size, classes)``; its bias,
        ``(classes,)``. The first class means no character.

    Raises:
        EngineNotUsable: the model has another structure.
    """
    parsed = _message_class("Model")()
    try:
        parsed.ParseFromString(file.read_bytes())
        (graph,) = parsed.graph
        tensors = {tensor.name[0]: tensor for tensor in graph.initializer}
        made_by = {output: node for node in graph.node for output in node.output}
        node = graph.node[-1]
        if node.op_type[0] != "Softmax":
            raise _unusable()
        values, bias = {*node.output}, ""
        while (node := made_by[next(name for name in node.input if name not in tensors)]).op_type[0] != "MatMul":
            if node.op_type[0] == "Add":
                bias = next(name for name in node.input if name in tensors)
            elif node.op_type[0] != "Identity":
                raise _unusable()
            values |= {*node.output}
        features, weights = node.input
        values |= {*node.output, weights, bias}
        layer = _array(tensors[weights]), _array(tensors[bias]).reshape(-1)
    except (DecodeError, IndexError, KeyError, StopIteration, ValueError):
        raise _unusable() from None
    for fields, names in ((graph.node, "output"), (graph.initializer, "name"), (graph.value_info, "name")):
        for at in reversed(range(len(fields))):
            if not values.isdisjoint(getattr(fields[at], names)):
                del fields[at]
    del graph.output[:]
    graph.output.add(name=[features])
    return parsed.SerializeToString(), *layer


def _message_class(name: str) -> Any:
    """The protobuf class of a message in ONNX files."""
    file = descriptor_pb2.FileDescriptorProto(name="onnx", package="onnx")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, (number, kind) in fields.items():
            of = {"type": kind} if isinstance(kind, int) else {"type": _MESSAGE, "type_name": f".onnx.{kind}"}
            described.field.add(name=field, number=number, label=_REPEATED, **of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"onnx.{name}"))


def _array(tensor: Any) -> Array:
    """A tensor of floats whose values are stored as bytes."""
    if [*tensor.data_type] != [_FLOAT]:
        raise _unusable()
    return np.frombuffer(tensor.raw_data[0], "<f4").reshape(tuple(tensor.dims))


def _unusable() -> EngineNotUsable:
    return EngineNotUsable(
        "The recognition model's last layer cannot be replaced.", "Use the PP-OCR model that BoxOCR was released with."
    )

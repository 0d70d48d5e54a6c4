"""The last layer of PP-OCR's recognizer, and the features that it gets.

The layer is linear: features of each step along a line times weights give the logits of the characters. Heads
(:mod:`boxocr.reading.recognition.head`) replace it. The features are an inner value of the ONNX graph. A file of the
ONNX format is a Protocol Buffers message, so the graph can be cut there by leaving some of its fields out, without a
package for ONNX models (https://protobuf.dev/programming-guides/encoding; the fields are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). The layer has most of the model's classes to compute for each
step: with it a line takes twice the memory.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from boxocr.errors import EngineNotUsable

Features: TypeAlias = NDArray[np.float32]
"""``(steps, size)``: the recognizer's view of a line before its last layer."""

# Numbers of fields in onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_OUTPUT, _GRAPH_VALUE = 1, 5, 12, 13
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR = 1, 2, 4
_TENSOR_DIMENSIONS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_DATA = 1, 2, 8, 9
_VALUE_NAME = 1
_FLOAT = 1


@dataclass(frozen=True)
class LastLayer:
    """A recognizer's last layer.

    Attributes:
        features: name of the value that goes into it.
        weights: ``(size, classes)``; the first class means no character.
        bias: ``(classes,)``.
        values: names of the values that it makes and of its tensors.
    """

    features: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    values: frozenset[str]


def checksum(model: bytes) -> str:
    """Identifies a model; a head fits the model that it was trained for only."""
    return sha256(model).hexdigest()


def last_layer(model: bytes) -> LastLayer:
    """Find the last layer: the last matrix product, which a softmax follows.

    Raises:
        EngineNotUsable: the model has another structure.
    """
    graph = dict(_fields(model)).get(_MODEL_GRAPH)
    nodes: list[_Node] = []
    tensors: dict[str, memoryview] = {}
    for number, value in _fields(graph or b""):
        if number == _GRAPH_NODE:
            nodes.append(_node(value))
        elif number == _GRAPH_INITIALIZER:
            tensors[_text(_first(value, _TENSOR_NAME))] = value
    if not nodes or nodes[-1].operator != "Softmax":
        raise _unusable()
    made_by = {output: node for node in nodes for output in node.outputs}
    node, bias = made_by.get(nodes[-1].inputs[0]), None
    values = [*nodes[-1].outputs]
    while node is not None and node.operator in ("Identity", "Add"):
        if node.operator == "Add":
            bias = next((name for name in node.inputs if name in tensors), None)
        values += node.outputs
        node = made_by.get(next(name for name in node.inputs if name not in tensors))
    if node is None or node.operator != "MatMul" or bias is None or node.inputs[1] not in tensors:
        raise _unusable()
    values += [*node.outputs, bias, node.inputs[1]]
    weights = _array(tensors[node.inputs[1]])
    return LastLayer(node.inputs[0], weights, _array(tensors[bias]).reshape(-1), frozenset(values))


def without_last_layer(model: bytes, layer: LastLayer) -> bytes:
    """The model that ends with the features of its last layer: they are its only output."""
    return b"".join(
        _message(number, b"".join(_graph_without(value, layer))) if number == _MODEL_GRAPH else bytes(encoded)
        for number, value, encoded in _encoded_fields(model)
    )


def _graph_without(graph: memoryview, layer: LastLayer) -> Iterator[bytes]:
    names: Mapping[int, Callable[[memoryview], Sequence[str]]] = {
        _GRAPH_NODE: lambda node: _node(node).outputs,
        _GRAPH_INITIALIZER: lambda tensor: [_text(_first(tensor, _TENSOR_NAME))],
        _GRAPH_VALUE: lambda value: [_text(_first(value, _VALUE_NAME))],
    }
    for number, value, encoded in _encoded_fields(graph):
        is_left_out = number in names and not layer.values.isdisjoint(names[number](value))
        if number != _GRAPH_OUTPUT and not is_left_out:
            yield bytes(encoded)
    yield _message(_GRAPH_OUTPUT, _message(_VALUE_NAME, layer.features.encode()))


@dataclass(frozen=True, slots=True)
class _Node:
    inputs: Sequence[str]
    outputs: Sequence[str]
    operator: str


def _node(data: memoryview) -> _Node:
    found: Mapping[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_OPERATOR: []}
    for number, value in _fields(data):
        if number in found:
            found[number].append(_text(value))
    return _Node(found[_NODE_INPUT], found[_NODE_OUTPUT], "".join(found[_NODE_OPERATOR]))


def _array(tensor: memoryview) -> NDArray[np.float32]:
    """A tensor of floats whose values are stored as bytes."""
    shape: list[int] = []
    kind, data = 0, memoryview(b"")
    for number, value in _fields(tensor):
        if number == _TENSOR_DIMENSIONS:
            shape += _varints(value)
        elif number == _TENSOR_TYPE:
            (kind,) = _varints(value)
        elif number == _TENSOR_DATA:
            data = value
    if kind != _FLOAT or len(data) != 4 * int(np.prod(shape)):
        raise _unusable()
    # A copy, so that the memory of the model can be freed.
    return np.frombuffer(data, "<f4").reshape(shape).copy()


def _fields(data: bytes | memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field of a message; a number's content is its encoding."""
    return ((number, value) for number, value, _ in _encoded_fields(data))


def _encoded_fields(data: bytes | memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """The same with each field's encoding: number, length and content."""
    view, place = memoryview(data), 0
    while place < len(view):
        first = place
        key, start = _varint(view, place)
        match key & 7:
            case 0:
                _, end = _varint(view, start)
            case 1:
                end = start + 8
            case 5:
                end = start + 4
            case 2:
                length, start = _varint(view, start)
                end = start + length
            case _:
                raise _unusable()
        yield key >> 3, view[start:end], view[first:end]
        place = end


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it."""
    number = shift = 0
    while True:
        if place >= len(view):
            raise _unusable()
        byte = view[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the eighth bit says that more bytes follow
            return number, place


def _varints(view: memoryview) -> list[int]:
    numbers, place = [], 0
    while place < len(view):
        number, place = _varint(view, place)
        numbers.append(number)
    return numbers


def _first(data: memoryview, number: int) -> memoryview:
    return next((value for found, value in _fields(data) if found == number), memoryview(b""))


def _text(value: memoryview) -> str:
    return bytes(value).decode(errors="replace")


def _message(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | 2) + _encoded(len(content)) + content


def _encoded(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _unusable() -> EngineNotUsable:
    return EngineNotUsable(
        "The recognition model's last layer cannot be replaced.", "Use the PP-OCR model that BoxOCR was released with."
    )

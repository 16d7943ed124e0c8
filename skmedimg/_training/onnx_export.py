"""Exports torch modules as ONNX files: the one place that does."""

import copy
import io
import json
import warnings

import numpy as np
import torch
from torch import nn

from skmedimg import __version__
from skmedimg._files import whole_file
from skmedimg.images._pixels import largest_value
from skmedimg.networks._export_graphs import FromPixels

_OPSET = 18
# The exporter does not know uint16: such pixels go in as the next wider integer.
_INPUTS = {
    "b1": torch.bool,
    "u1": torch.uint8,
    "i1": torch.int8,
    "u2": torch.int32,
    "i2": torch.int16,
}


def image_input(estimator, flat=False):
    """Return the first module of a graph and an example input, of the dtype `fit` saw if scaled."""
    dtype = np.dtype(estimator._pixels_dtype)
    shape = estimator.image_shape_
    example = torch.zeros(2, *shape, dtype=_INPUTS.get(dtype.str[1:], torch.float32))
    return FromPixels(shape, largest_value(dtype), flat), example


def on_the_cpu(module, image_shape):
    """Return a copy of a network on the CPU, ready to be traced for images of a shape."""
    copied = copy.deepcopy(module).to("cpu", torch.float32)
    for part in copied.modules():
        if hasattr(part, "fix_image_size"):
            # positions are interpolated in a way that ONNX lacks
            part.fix_image_size(*image_shape[:2])
        if isinstance(part, nn.MultiheadAttention):
            part.register_forward_pre_hook(_in_many_steps)
    return copied.to(memory_format=torch.contiguous_format).eval()


def write_onnx(parts, example, path, output, facts):
    """Write modules that run one after another, and facts as metadata, as one ONNX file."""
    onnx = _onnx()
    name = "rows" if example.ndim == 2 else "images"
    graph, buffer = nn.Sequential(*parts).eval(), io.BytesIO()
    try:
        _trace(graph, example, buffer, name, output)
    except torch.onnx.errors.UnsupportedOperatorError as error:
        raise ValueError(
            "to_onnx cannot write this network: ONNX lacks an operation that it uses. Take another "
            f"backbone. ({error})"
        ) from error
    model = onnx.load_from_string(buffer.getvalue())
    for key, value in {"skmedimg": __version__, **facts}.items():
        text = value if isinstance(value, str) else json.dumps(value)
        model.metadata_props.add(key=key, value=text)
    onnx.checker.check_model(model)
    with whole_file(path) as file:
        file.write(model.SerializeToString())


def _in_many_steps(attention, inputs):
    """Keep attention from torch's fused kernel, which ONNX lacks: it takes one tensor, not two."""
    return tuple(each.clone() if k == 1 else each for k, each in enumerate(inputs))


def _trace(graph, example, buffer, name, output):
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of shapes that are constants, and of what torch plans
        torch.onnx.export(
            graph,
            (example,),
            buffer,
            input_names=[name],
            output_names=[output],
            dynamic_axes={name: {0: "n"}, output: {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,  # the newer exporter needs onnxscript, and makes the same graphs
        )


def _onnx():
    try:
        import onnx
    except ImportError as error:
        raise ImportError('to_onnx needs onnx: pip install "skmedimg[onnx]".') from error
    return onnx

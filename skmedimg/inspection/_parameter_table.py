"""Parameter table: the layers of a model with output shapes and numbers of parameters."""

from dataclasses import dataclass

import numpy as np

from skmedimg._sklearn import final_estimator
from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation._render import render
from skmedimg.inspection._unwrap import inference_copy, network_of


def parameter_table(model, image_shape=None):
    """List the layers of a model with their output shapes and parameters.

    Parameters
    ----------
    model : fitted estimator, pipeline, or torch.nn.Module
        A pipeline's last step is listed; scikit-learn's linear models and MLPs work too.
    image_shape : tuple of int or None, default=None
        (height, width, channels) of one image, or (n_features,); needed for a bare module only.

    Returns
    -------
    table : ParameterTable
        Its repr is the table; `to_frame()` returns a DataFrame.

    See Also
    --------
    grad_cam : Map the regions of each image that raise a convolutional network's score of a class.

    Examples
    --------
    >>> from skmedimg import ScratchCNN
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.inspection import parameter_table
    >>> data = make_lesions(20, size=32, random_state=0)
    >>> model = ScratchCNN(
    ...     (4, 8), convs_per_block=1, global_pool=False, dense_units=(16,), max_epochs=1
    ... )
    >>> parameter_table(model.fit(data.images, data.target))
    layer  kind         output       parameters  trainable  running
    ---------------------------------------------------------------
    0.0.0  Conv2d       32 x 32 x 4          40         40
    0.0.1  BatchNorm2d  32 x 32 x 4           8          8        8
    0.0.2  MaxPool2d    16 x 16 x 4           0
    0.0.3  ReLU         16 x 16 x 4           0
    0.1.0  Conv2d       16 x 16 x 8         296        296
    0.1.1  BatchNorm2d  16 x 16 x 8          16         16       16
    0.1.2  MaxPool2d    8 x 8 x 8             0
    0.1.3  ReLU         8 x 8 x 8             0
    1      Flatten      512                   0
    2.0    Linear       16                8,208      8,208
    2.1    ReLU         16                    0
    2.2    Dropout      16                    0
    2.3    Linear       1                    17         17
    ---------------------------------------------------------------
    parameters                            8,585   (33.5 KB)
      trained                             8,585
      frozen                                  0
    with running statistics               8,609   (as Keras counts)
    """
    final = final_estimator(model)
    if not hasattr(final, "named_modules") and not hasattr(final, "net_"):
        return ParameterTable(tuple(_rows_of_arrays(final)))  # scikit-learn's models
    shape = getattr(final, "image_shape_", None) if image_shape is None else image_shape
    if shape is None:
        raise ValueError(
            "image_shape needs (height, width, channels) for a torch.nn.Module, got None."
        )
    flat = len(shape) == 1 or getattr(final, "_takes_rows", False)
    module = inference_copy(network_of(final))
    return ParameterTable(tuple(_rows_of_module(module, _zeros(module, shape, flat))))


@dataclass(frozen=True)
class LayerRow:
    """One layer of a table.

    Attributes
    ----------
    name : str
    kind : str
    output_shape : tuple of int or None
        (height, width, channels) or (n_features,); None where the layer was not used.
    parameters, trainable, running : int
        Weights, those of them that are trained, and values of running statistics.
    bytes : int
        That the weights take.
    """

    name: str
    kind: str
    output_shape: tuple
    parameters: int
    trainable: int
    running: int
    bytes: int


@dataclass(frozen=True, repr=False)
class ParameterTable:
    """The layers of a model.

    Attributes
    ----------
    rows : tuple of LayerRow
        One row per layer.

    See Also
    --------
    parameter_table : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import LinearSVC
    >>> from skmedimg.inspection import parameter_table
    >>> table = parameter_table(LinearSVC(random_state=0).fit(*load_iris(return_X_y=True)))
    >>> table.parameters, table.trainable, table.running
    (15, 15, 0)
    """

    rows: tuple

    @property
    def parameters(self):
        """int: all weights, running statistics not among them."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable(self):
        """int: the weights that are trained."""
        return sum(row.trainable for row in self.rows)

    @property
    def running(self):
        """int: values of running statistics, which Keras counts as parameters."""
        return sum(row.running for row in self.rows)

    def to_frame(self):
        """Return one line per layer as a pandas DataFrame.

        Returns
        -------
        frame : DataFrame
        """
        import pandas as pd

        columns = ["name", "kind", "output_shape", "parameters", "trainable", "running"]
        records = [[getattr(row, column) for column in columns] for row in self.rows]
        return pd.DataFrame(records, columns=columns)

    def totals(self):
        """Return the sums of parameters with their names.

        Returns
        -------
        lines : list of (str, int, str)
            Name, sum, and a remark.
        """
        size = sum(row.bytes for row in self.rows)
        lines = [
            ("parameters", self.parameters, f"({_size(size)})"),
            ("  trained", self.trainable, ""),
            ("  frozen", self.parameters - self.trainable, ""),
        ]
        if self.running:
            whole = self.parameters + self.running
            lines.append(("with running statistics", whole, "(as Keras counts)"))
        return lines

    def __repr__(self):
        head = ["layer", "kind", "output", "parameters", "trainable", "running"]
        cells = [head, *map(_cells, self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(6)]
        lines = [_line(line, widths) for line in cells]
        rule = "-" * (sum(widths) + 10)
        end = sum(widths[:4]) + 6
        totals = [
            f"{words}{value:>{max(1, end - len(words))},}   {remark}".rstrip()
            for words, value, remark in self.totals()
        ]
        return "\n".join([lines[0], rule, *lines[1:], rule, *totals])

    def _repr_html_(self):
        return render("parameter_table.html", {"table": layers_table(self)})


def layers_table(table):
    """Return a ParameterTable as the Table that a template shows."""
    head = ["Layer", "Kind", "Output", "Parameters", "Trainable", "Running"]
    totals = [[name, "", "", f"{count:,}", remark, ""] for name, count, remark in table.totals()]
    rows = [*map(_cells, table.rows), *totals]
    return Table(head, rows, text_columns=range(3))


def _zeros(module, shape, flat):
    """Return one blank input of the module's dtype, on its device."""
    import torch

    sample = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(1))
    size = (int(np.prod(shape)),) if flat else (shape[2] if len(shape) == 3 else 1, *shape[:2])
    return torch.zeros(1, *size, dtype=sample.dtype, device=sample.device)


def _rows_of_module(module, blank):
    """Yield the rows of a torch module's layers, in the order they run on a blank input."""
    layers = {name: layer for name, layer in module.named_modules() if _is_layer(layer)}
    shapes = _output_shapes(module, layers, blank)
    used = [name for name in shapes if name in layers]  # in the order they ran
    seen = set()
    # Layers with weights that did not run, auxiliary heads for example, come last: sums are whole.
    idle = [name for name in layers if name not in shapes and _weights(layers[name])]
    for name in [*used, *idle]:
        yield _row(name or type(module).__name__, layers[name], shapes.get(name), seen)


def _is_layer(module):
    """Return whether a module gets a row: it has no parts, or weights of its own beside them."""
    container = type(module).__module__.startswith("torch.nn.modules.container")
    own = _weights(module) or _running(module)
    return not container and (not any(module.children()) or bool(own))


def _weights(module):
    return list(module.parameters(recurse=False))


def _running(module):
    """Return the number of values in a layer's running statistics."""
    buffers = module.named_buffers(recurse=False)
    return sum(b.numel() for name, b in buffers if name.startswith("running_"))


def _output_shapes(module, layers, blank):
    """Return the output shape of every layer that runs, in the order they run first."""
    import torch

    shapes = {}

    def note(name):
        def hook(layer, inputs, output):
            if isinstance(output, torch.Tensor):
                # A layer may run several times; the first run counts.
                shapes.setdefault(name, _height_width_channels(output.shape[1:]))

        return hook

    for name, layer in layers.items():
        layer.register_forward_hook(note(name))
    with torch.no_grad():
        module(blank)
    return shapes


def _height_width_channels(shape):
    """Return an output shape with its channels last, as Keras prints it."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else tuple(shape)


def _row(name, layer, shape, seen):
    """Return the row of a layer; weights that another layer shares are counted there."""
    # By identity: tied weights are one tensor in two layers.
    own = [p for p in _weights(layer) if id(p) not in seen]
    seen.update(map(id, own))
    return LayerRow(
        name,
        type(layer).__name__,
        None if shape is None else tuple(map(int, shape)),
        parameters=sum(p.numel() for p in own),
        trainable=sum(p.numel() for p in own if p.requires_grad),
        running=_running(layer),
        bytes=sum(p.numel() * p.element_size() for p in own),
    )


def _rows_of_arrays(estimator):
    """Yield the layers of scikit-learn's MLPs and linear models."""
    if hasattr(estimator, "coefs_"):
        pairs = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
        names = [f"dense {number}" for number in range(1, len(pairs))] + ["output"]
    elif hasattr(estimator, "coef_"):
        # scikit-learn stores (n_outputs, n_features); columns are outputs here, as in its MLPs.
        pairs, names = [(np.atleast_2d(estimator.coef_).T, estimator.intercept_)], ["linear"]
    else:
        raise TypeError(
            f"{type(estimator).__name__} has no layers to list; parameter_table takes fitted "
            "networks, MLPs and linear models."
        )
    for name, (weights, bias) in zip(names, pairs, strict=True):
        total = np.size(weights) + np.size(bias)
        size = total * np.asarray(weights).itemsize
        yield LayerRow(name, "Dense", (weights.shape[1],), total, total, 0, size)


def _cells(row):
    shape = "-" if row.output_shape is None else " x ".join(map(str, row.output_shape))
    trainable = f"{row.trainable:,}" if row.parameters else ""
    running = f"{row.running:,}" if row.running else ""
    return [row.name, row.kind, shape, f"{row.parameters:,}", trainable, running]


def _line(cells, widths):
    left = [f"{cell:<{width}}" for cell, width in zip(cells[:3], widths[:3], strict=True)]
    right = [f"{cell:>{width}}" for cell, width in zip(cells[3:], widths[3:], strict=True)]
    return "  ".join(left + right).rstrip()


def _size(count):
    return f"{count / 2**20:.2f} MB" if count >= 2**20 else f"{count / 2**10:.1f} KB"

"""Cell histograms of oriented gradients, with scikit-image's arithmetic, in torch."""

import functools

import numpy as np
import torch
import torch.nn.functional as F

# Above this a sum of squares may overflow float32.
_LARGE = 1e16

# Up to so many orientations, dividing an angle of 45, 90 or 135 degrees or a neighbouring number
# by their width and comparing it with their bounds come to the same.
_DIVISIBLE = 36

# Whole gradients of 8-bit pixels run from -255 to 255; rows and columns make one index.
_SIDE = 511

# Pixels that tell most images of fractions from those of whole numbers.
_SAMPLE = 256

# int32 before the first pixel: a vector register, so that shifted differences are stored aligned.
_PAD = 16

# Neighbours in a cell move together, as one wider number: dtype -> {neighbours: wider dtype}.
_GROUPS = {
    torch.int32: {4: torch.complex128, 2: torch.int64, 1: torch.int32},
    torch.float32: {4: torch.complex128, 2: torch.int64, 1: torch.float32},
    torch.float64: {2: torch.complex128, 1: torch.float64},
}


def cell_histograms(images, orientations, pixels_per_cell):
    """Return for every cell the sum of its pixels' gradient magnitudes in each orientation.

    Parameters
    ----------
    images : Tensor (n, height, width, channels) of uint8, float32 or float64
    orientations : int
    pixels_per_cell : tuple of int (rows, columns)

    Returns
    -------
    cells : Tensor (n, cell rows, cell columns, orientations) of float32, or of float64 where
        the magnitudes are too large to be squared in float32
    """
    if images.dtype == torch.uint8:
        return _cells_of_whole_numbers(images, orientations, pixels_per_cell)
    fits, whole = _whole_numbers(images)
    if not fits.any():
        return _cells_of_floats(images, orientations, pixels_per_cell)
    if fits.all():
        return _cells_of_whole_numbers(whole, orientations, pixels_per_cell)
    rest = _cells_of_floats(images[~fits], orientations, pixels_per_cell)
    cells = rest.new_empty(len(images), *rest.shape[1:])
    cells[~fits] = rest
    cells[fits] = _cells_of_whole_numbers(whole[fits], orientations, pixels_per_cell).to(rest.dtype)
    return cells


def _whole_numbers(images):
    """Tell which images hold whole numbers at most 255 apart, and give them as int32."""
    first = images.flatten(1)[:, :_SAMPLE]
    if not (first == first.floor()).all(1).any():
        return torch.zeros(len(images), dtype=torch.bool), None
    whole = images.to(torch.int32)
    flat = whole.flatten(1)
    near = flat.amax(1) - flat.amin(1).long() <= 255
    # Faster than asking whether both are equal, which torch answers value by value.
    rest = whole.to(images.dtype).sub_(images).flatten(1).abs_().amax(1)
    return near & (rest == 0), whole


# Whole numbers: so are gradients, and angle and magnitude are read from a table.


def _cells_of_whole_numbers(images, orientations, pixels_per_cell):
    index = _index(images)
    return _sum_by_cell(index, _table(orientations, index.device), pixels_per_cell)


def _index(images):
    """Return the row of the table for each pixel; opposite gradients share one."""
    pixels, columns = _whole_gradients(images.permute(3, 0, 1, 2))
    if len(pixels) > 1:
        return _index_of_steepest(pixels, columns).abs_()
    inner = columns[0, :, 1:-1]
    inner.add_(pixels[0, :, 2:], alpha=_SIDE).sub_(pixels[0, :, :-2], alpha=_SIDE)
    return columns[0].abs_()


def _whole_gradients(planes):
    """Return the pixels and their column gradients as int32; gradients at the border are zero."""
    padded = torch.empty(planes.numel() + 2 * _PAD, dtype=torch.int32, device=planes.device)
    pixels = padded[_PAD:-_PAD].view(planes.shape).copy_(planes)
    columns = torch.sub(padded[_PAD + 1 : 1 - _PAD], padded[_PAD - 1 : -1 - _PAD])
    columns = columns.view(planes.shape)
    columns[..., :: max(columns.shape[3] - 1, 1)] = 0
    return pixels, columns


def _index_of_steepest(pixels, columns):
    """Return the index of the channel whose gradient is largest; of equals, the first."""
    rows = torch.empty_like(columns)
    torch.sub(pixels[:, :, 2:], pixels[:, :, :-2], out=rows[:, :, 1:-1])
    rows[:, :, :: max(rows.shape[2] - 1, 1)] = 0
    squares = torch.mul(columns, columns, out=pixels).addcmul_(rows, rows)
    indices = columns.add_(rows, alpha=_SIDE)
    steepest, best = squares[0], indices[0]
    for square, index in zip(squares[1:], indices[1:], strict=True):
        # All bits set where the square is larger: torch selects by bits faster than by booleans.
        larger = (steepest - square).bitwise_right_shift_(31)
        best.add_(larger.bitwise_and_(index.sub_(best)))
        torch.maximum(steepest, square, out=steepest)
    return best


@functools.lru_cache(maxsize=8)
def _table(orientations, device):
    """Return for each whole gradient its magnitude, in the column of its orientation.

    Opposite gradients share a row: they have the same orientation.
    """
    row, column = np.divmod(np.arange(255 * _SIDE + 256) + 255, _SIDE)
    row, column = row.astype(float), column - 255.0
    degrees = np.rad2deg(np.arctan2(row, column)) % 180
    table = np.zeros((len(row), orientations), np.float32)
    chosen = np.searchsorted(_bounds(orientations)[1:-1], degrees, side="right")
    table[np.arange(len(row)), chosen] = np.hypot(column, row)
    return torch.from_numpy(table).to(device)


# Anything else: angle by angle, in double precision.


def _cells_of_floats(images, orientations, pixels_per_cell):
    rows, columns = _steepest(*_float_gradients(images))
    # scikit-image counts an angle that rounds to 180 degrees nowhere: the last row is empty.
    table = torch.eye(orientations + 1, orientations, device=rows.device)
    magnitude = _magnitude(rows, columns)
    return _sum_by_cell(
        _orientation(rows, columns, orientations),
        table.to(magnitude.dtype),
        pixels_per_cell,
        magnitude,
    )


def _float_gradients(images):
    rows, columns = torch.zeros_like(images), torch.zeros_like(images)
    torch.sub(images[:, 2:], images[:, :-2], out=rows[:, 1:-1])
    torch.sub(images[:, :, 2:], images[:, :, :-2], out=columns[:, :, 1:-1])
    return rows, columns


def _steepest(rows, columns):
    """Return the gradients of the channel where they are largest, in double precision."""
    if rows.shape[3] == 1:
        return rows[..., 0].double(), columns[..., 0].double()
    best = torch.hypot(columns, rows).argmax(3, keepdim=True)
    return tuple(parts.gather(3, best)[..., 0].double() for parts in (rows, columns))


def _magnitude(rows, columns):
    """Return float32, or float64 where sums of squares would overflow float32."""
    magnitude = torch.hypot(columns.float(), rows.float())
    return magnitude if magnitude.amax() < _LARGE else torch.hypot(columns, rows)


def _orientation(rows, columns, orientations):
    """Return the orientation of each pixel as int32; `orientations` where it has none."""
    degrees = _angle(rows, columns).rad2deg_()
    degrees.sub_((degrees / 180).floor_(), alpha=180)
    if orientations > _DIVISIBLE:
        bounds = torch.from_numpy(_bounds(orientations)[1:]).to(degrees.device)
        return torch.bucketize(degrees, bounds, right=True, out_int32=True)
    return degrees.div_(180.0 / orientations).to(torch.uint8).int()


def _angle(rows, columns):
    if rows.device.type == "cpu":  # numpy's is faster, and is what scikit-image uses
        return torch.from_numpy(np.arctan2(rows.numpy(), columns.numpy()))
    return torch.atan2(rows, columns)


def _bounds(orientations):
    """Return where orientations begin and end, in degrees."""
    return 180.0 / orientations * np.arange(orientations + 1)


# From pixels to cells.


def _sum_by_cell(index, table, pixels_per_cell, weights=None):
    """Add up the rows of the table that the pixels of each cell point to."""
    n, height, width = index.shape
    rows, columns = pixels_per_cell
    sums = F.embedding_bag(
        _pixels_by_cell(index, rows, columns),
        table,
        mode="sum",
        per_sample_weights=None if weights is None else _pixels_by_cell(weights, rows, columns),
    )
    return sums.view(n, height // rows, width // columns, -1)


def _pixels_by_cell(values, rows, columns):
    """Return (n_cells, rows * columns) values; what does not fill a cell is left out."""
    n, height, width = values.shape
    down, across = height // rows, width // columns
    group = next(g for g in _GROUPS[values.dtype] if columns % g == 0 and width % g == 0)
    wide = values.view(_GROUPS[values.dtype][group])
    cells = wide[:, : down * rows, : across * columns // group]
    cells = cells.reshape(n, down, rows, across, columns // group).transpose(2, 3)
    return cells.contiguous().view(values.dtype).view(-1, rows * columns)


# Neighbours in a cell move together, as one wider number: dtype -> {neighbours: wider dtype}.
_GROUPS = {
    torch.int32: {4: torch.complex128, 2: torch.int64, 1: torch.int32},
    torch.float32: {4: torch.complex128, 2: torch.int64, 1: torch.float32},
    torch.float64: {2: torch.complex128, 1: torch.float64},
}

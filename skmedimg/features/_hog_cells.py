"""The arithmetic of HOG: cell histograms and normalized blocks of whole stacks, in torch.

From top to bottom: chunks of a stack go to the device, every pixel gets an orientation and a
magnitude, the pixels of a cell are added up, and blocks of cells are normalized (Dalal and Triggs,
2005). The features equal those of scikit-image to 1e-6.
"""

import functools
import math

import numpy as np
import torch
import torch.nn.functional as F

from skmedimg._device import keep_freed_memory, resolve_device
from skmedimg.features._chunks import stored_chunks
from skmedimg.images._pixels import to_gray

# Pixels of a chunk: few enough for a core's cache, or many enough to keep a GPU busy.
_CHUNK = {"cpu": 1 << 17, "cuda": 1 << 23}

# Smaller stacks are done before it matters that glibc returns freed blocks to the kernel.
_LARGE_STACK = 1 << 22

# Largest result, in bytes, in page-locked memory, which the system cannot give to other programs.
_LOCKED = 1 << 28

# torch multiplies a column by rows shorter than this (two vector registers) number by number.
_SHORT = 32

# scikit-image's constant against division by zero, and the clipping of Lowe's L2-Hys.
_EPSILON = 1e-5
_CLIP = 0.2

# Above this a sum of squares may overflow float32.
_LARGE = 1e16

# Up to so many orientations, dividing an angle by their width gives the same bin as comparing it
# with their bounds, which is slower; checked at 45, 90 and 135 degrees and the floats next to them.
_DIVISIBLE = 36

# Whole gradients of 8-bit pixels run from -255 to 255; rows and columns make one index.
_SIDE = 511

# Pixels that are looked at first: most images of fractions show one among them.
_SAMPLE = 256

# int32 before the first pixel: a vector register, so that shifted differences are stored aligned.
_PAD = 16

# Neighbors in a cell move together, as one wider number: dtype -> {neighbors: wider dtype}.
_GROUPS = {
    torch.int32: {4: torch.complex128, 2: torch.int64, 1: torch.int32},
    torch.float32: {4: torch.complex128, 2: torch.int64, 1: torch.float32},
    torch.float64: {2: torch.complex128, 1: torch.float64},
}


def describe(images, settings, device, batch_size):
    """Return rows (n, n_features) of float32: the normalized blocks of each image."""
    down, across = cell_grid(images.shape, settings)
    rows, columns = settings.cells_per_block
    n_blocks = (down - rows + 1) * (across - columns + 1)
    shape = (len(images), n_blocks * rows * columns * settings.orientations)
    return _in_chunks(_normalized_blocks, shape, images, settings, device, batch_size)


def cells(images, settings, device, batch_size):
    """Return cells (n, cell rows, cell columns, orientations) of float32, not yet normalized."""
    shape = (len(images), *cell_grid(images.shape, settings), settings.orientations)
    return _in_chunks(_means, shape, images, settings, device, batch_size)


def cell_grid(shape, settings):
    """Return the rows and columns of cells in images of this shape."""
    sides = zip(shape[1:3], settings.pixels_per_cell, strict=True)
    return tuple(side // pixels for side, pixels in sides)


def _in_chunks(finish, shape, images, settings, device, batch_size):
    """Compute the cells of each chunk on the device; `finish` writes its rows of the result."""
    device = resolve_device(device)
    if device.type == "mps":  # it has no double precision, which angles need
        device = torch.device("cpu")
    size = batch_size or max(1, _CHUNK[device.type] // math.prod(images.shape[1:3]))
    large = device.type == "cpu" and math.prod(images.shape) > _LARGE_STACK
    result = _empty(shape, device)
    # Every chunk asks for the same blocks again; kept, they cost no page faults.
    with torch.inference_mode(), keep_freed_memory(large):
        for rows, chunk in stored_chunks(images, size):
            if settings.channels == "gray":
                chunk = to_gray(chunk)[..., None]
            pixels = _tensor(chunk).to(device)
            if settings.transform_sqrt:
                pixels = _square_root(pixels)
            cells = cell_histograms(pixels, settings.orientations, settings.pixels_per_cell)
            finish(cells, settings, torch.from_numpy(result[rows]))
    return result


def _empty(shape, device):
    """Return an empty result; a GPU copies to page-locked memory in a tenth of the time."""
    if device.type == "cpu" or 4 * math.prod(shape) > _LOCKED:
        return np.empty(shape, np.float32)
    return torch.empty(shape, pin_memory=True).numpy()


def _tensor(chunk):
    """Return pixels as a tensor: bytes stay bytes, others get scikit-image's precision."""
    if chunk.dtype == bool:
        chunk = chunk.view(np.uint8)
    kept = {np.dtype(np.uint8): np.uint8, np.dtype("f2"): np.float32, np.dtype("f4"): np.float32}
    dtype = kept.get(chunk.dtype.newbyteorder("="), np.float64)
    return torch.from_numpy(np.require(chunk, dtype, ["C", "W"]))


def _square_root(pixels):
    """Return the square root of pixels, gamma compression with 1/2; integers become float64."""
    if pixels.dtype == torch.uint8:
        pixels = pixels.double()
    if pixels.amin() < 0:
        raise ValueError(
            "transform_sqrt=True needs pixels that are not negative, but the smallest is "
            f"{pixels.amin():g}. Set transform_sqrt=False, or shift the pixels."
        )
    return pixels.sqrt()


def cell_histograms(images, orientations, pixels_per_cell):
    """Return the sum of gradient magnitudes per cell of images (n, height, width, channels)."""
    if images.dtype == torch.uint8:
        return _cells_of_whole_numbers(images, orientations, pixels_per_cell)
    # Reading the table is faster than computing angles, so every image that can use it does.
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
    """Return which images hold whole numbers at most 255 apart, and the images as int32."""
    first = images.flatten(1)[:, :_SAMPLE]
    if not (first == first.floor()).all(1).any():
        return torch.zeros(len(images), dtype=torch.bool), None
    whole = images.to(torch.int32)
    flat = whole.flatten(1)
    # int64: the difference of two int32 may not fit. Only gradients enter, so 1000 to 1255 serves
    # as well as 0 to 255.
    near = flat.amax(1) - flat.amin(1).long() <= 255
    # Faster than asking whether both are equal, which torch answers value by value.
    rest = whole.to(images.dtype).sub_(images).flatten(1).abs_().amax(1)
    return near & (rest == 0), whole


# Whole numbers have whole gradients: angle and magnitude are read from a table.


def _cells_of_whole_numbers(images, orientations, pixels_per_cell):
    index = _index(images)
    return _sum_by_cell(index, _table(orientations, index.device), pixels_per_cell)


def _index(images):
    """Return the row of the table for each pixel: abs(row gradient * 511 + column gradient)."""
    pixels, columns = _whole_gradients(images.permute(3, 0, 1, 2))
    if len(pixels) > 1:
        return _index_of_steepest(pixels, columns).abs_()
    # One channel: 511 * (pixel below - pixel above) is added in place, without a plane of row
    # gradients.
    inner = columns[0, :, 1:-1]
    inner.add_(pixels[0, :, 2:], alpha=_SIDE).sub_(pixels[0, :, :-2], alpha=_SIDE)
    return columns[0].abs_()


def _whole_gradients(planes):
    """Return the pixels and their column gradients as int32; gradients at the border are zero."""
    padded = torch.empty(planes.numel() + 2 * _PAD, dtype=torch.int32, device=planes.device)
    pixels = padded[_PAD:-_PAD].view(planes.shape).copy_(planes)
    # One subtraction over the whole stack as a line; at the ends of rows it takes pixels of the
    # neighboring row, and is set to zero below, as scikit-image defines the border.
    columns = torch.sub(padded[_PAD + 1 : 1 - _PAD], padded[_PAD - 1 : -1 - _PAD])
    columns = columns.view(planes.shape)
    columns[..., :: max(columns.shape[3] - 1, 1)] = 0
    return pixels, columns


def _index_of_steepest(pixels, columns):
    """Return the table index of the channel whose gradient is largest; of equals, the first.

    The choice between two channels is made in integer arithmetic, which torch runs four times as
    fast as `torch.where`. Both squares are below 2**18, so their difference is exact, and shifting
    it right by 31 leaves nothing but its sign: -1, all bits set, where the next channel's gradient
    is larger, else 0. `sign & (index - best)` is then the step to take or no step.
    """
    rows = torch.empty_like(columns)
    torch.sub(pixels[:, :, 2:], pixels[:, :, :-2], out=rows[:, :, 1:-1])
    rows[:, :, :: max(rows.shape[2] - 1, 1)] = 0
    squares = torch.mul(columns, columns, out=pixels).addcmul_(rows, rows)
    indices = columns.add_(rows, alpha=_SIDE)
    steepest, best = squares[0], indices[0]
    for square, index in zip(squares[1:], indices[1:], strict=True):
        larger = (steepest - square).bitwise_right_shift_(31)
        best.add_(larger.bitwise_and_(index.sub_(best)))
        torch.maximum(steepest, square, out=steepest)
    return best


@functools.lru_cache(maxsize=8)
def _table(orientations, device):
    """Return for each whole gradient its magnitude, in the column of its orientation.

    Opposite gradients share a row: they have the same orientation.
    """
    # The gradients of index 0, 1, 2 ...: those with row > 0, or row == 0 and column >= 0.
    row, column = np.divmod(np.arange(255 * _SIDE + 256) + 255, _SIDE)
    row, column = row.astype(float), column - 255.0
    degrees = np.rad2deg(np.arctan2(row, column)) % 180
    table = np.zeros((len(row), orientations), np.float32)
    # An angle on a bound belongs to the bin above it.
    chosen = np.searchsorted(_bounds(orientations)[1:-1], degrees, side="right")
    table[np.arange(len(row)), chosen] = np.hypot(column, row)
    return torch.from_numpy(table).to(device)


# Anything else: angle by angle, in double precision.


def _cells_of_floats(images, orientations, pixels_per_cell):
    # In float32 an angle of 45 degrees may fall into the wrong bin: the feature is off by 0.19.
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
    """Return central differences along rows and columns, zero at borders."""
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
    # Modulo 180: a gradient and its opposite are one orientation.
    degrees.sub_((degrees / 180).floor_(), alpha=180)
    if orientations > _DIVISIBLE:
        bounds = torch.from_numpy(_bounds(orientations)[1:]).to(degrees.device)
        return torch.bucketize(degrees, bounds, right=True, out_int32=True)
    return degrees.div_(180.0 / orientations).to(torch.uint8).int()


def _angle(rows, columns):
    """Return the angle of gradients in radians."""
    if rows.device.type == "cpu":  # numpy's is faster, and scikit-image's
        return torch.from_numpy(np.arctan2(rows.numpy(), columns.numpy()))
    return torch.atan2(rows, columns)


def _bounds(orientations):
    """Return where orientations begin and end, in degrees."""
    return 180.0 / orientations * np.arange(orientations + 1)


# From pixels to cells.


def _sum_by_cell(index, table, pixels_per_cell, weights=None):
    """Return (n, cell rows, cell columns, orientations): the table's rows added up by cell."""
    n, height, width = index.shape
    rows, columns = pixels_per_cell
    # embedding_bag reads and adds rows of a table in one compiled loop: a histogram per cell.
    sums = F.embedding_bag(
        _pixels_by_cell(index, rows, columns),
        table,
        mode="sum",
        per_sample_weights=None if weights is None else _pixels_by_cell(weights, rows, columns),
    )
    return sums.view(n, height // rows, width // columns, -1)


def _pixels_by_cell(values, rows, columns):
    """Return (n_cells, rows * columns) values; pixels that do not fill a cell are left out."""
    n, height, width = values.shape
    down, across = height // rows, width // columns
    group = next(g for g in _GROUPS[values.dtype] if columns % g == 0 and width % g == 0)
    wide = values.view(_GROUPS[values.dtype][group])
    cells = wide[:, : down * rows, : across * columns // group]
    cells = cells.reshape(n, down, rows, across, columns // group).transpose(2, 3)
    return cells.contiguous().view(values.dtype).view(-1, rows * columns)


# From cells to blocks.


def _means(cells, settings, result):
    result.copy_(cells.div_(math.prod(settings.pixels_per_cell)))


def _normalized_blocks(cells, settings, result):
    """Write every block of neighboring cells, normalized, to the result on the CPU."""
    blocks = _blocks(cells, *settings.cells_per_block)
    # Blocks hold sums where scikit-image has means: the constant grows with the pixels of a cell.
    epsilon = _EPSILON * math.prod(settings.pixels_per_cell)
    if settings.block_norm == "L2-Hys":
        # The length of clipped values is of order 1, so the constant is no longer scaled.
        blocks.mul_(_inverse_length(blocks, epsilon)).clamp_(max=_CLIP)
        epsilon = _EPSILON
    inverse = _inverse_length if settings.block_norm.startswith("L2") else _inverse_sum
    result = result.view(blocks.shape)
    if blocks.device == result.device:
        torch.mul(blocks, inverse(blocks, epsilon), out=result)
    else:
        result.copy_(blocks.mul_(inverse(blocks, epsilon)))
    # sqrt(v / (|v|_1 + epsilon)), the Bhattacharyya kernel's feature map.
    if settings.block_norm == "L1-sqrt":
        result.sqrt_()


def _blocks(cells, rows, columns):
    """Return (n_blocks, values of a block): the window of cells at every position."""
    if rows == columns == 1:
        return cells.view(-1, cells.shape[3])
    # Cells of a block that lie side by side are contiguous: they form one axis of the view, which
    # `reshape` copies in long pieces.
    n, down, across, orientations = cells.shape
    image, line, cell = cells.stride()[:3]
    shape = (n, down - rows + 1, across - columns + 1, rows, columns * orientations)
    windows = cells.as_strided(shape, (image, line, cell, line, 1))
    return windows.reshape(-1, rows * columns * orientations)


def _inverse_length(blocks, epsilon):
    """Return 1 / sqrt(|v|_2 ** 2 + epsilon ** 2) of each block v."""
    length = torch.linalg.vector_norm(blocks, dim=1, keepdim=True)
    return _per_value(length.square_().add_(epsilon**2).rsqrt_(), blocks)


def _inverse_sum(blocks, epsilon):
    """Return 1 / (|v|_1 + epsilon) of each block v."""
    total = torch.linalg.vector_norm(blocks, 1, dim=1, keepdim=True)
    return _per_value(total.add_(epsilon).reciprocal_(), blocks)


def _per_value(scale, blocks):
    """Return scale (n, 1) as (n, values) where rows are short: faster than broadcasting."""
    if blocks.shape[1] >= _SHORT:
        return scale
    return torch.mm(scale, scale.new_ones(1, blocks.shape[1]))

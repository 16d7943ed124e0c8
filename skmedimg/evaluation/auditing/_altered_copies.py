"""Find copies that were flipped, turned, shifted, cropped, framed, marked, inverted or recolored.

Two steps. Descriptors that do not change with brightness are compared in all pairs and for a few
changes of place each; they say which pairs may be copies. Those are laid on each other, and their
fine detail has to agree: it is what two patients never share.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np
from scipy.fft import dct, irfft2, rfft2
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_array

from skmedimg.evaluation.auditing._hashes import clusters, members
from skmedimg.images._n_jobs import thread_count

_COARSE, _FINE = 32, 64  # sides of the images compared in the first and in the second step
# Frequencies of the descriptor: below is shading, above moves with small shifts.
_LOW, _HIGH = 2, 10
_BLOCK = 512
_NEAR = 64  # rows compared with all others at once: similarities stay in the cache
_MOST = 4  # candidates of an image
_LARGEST = 20  # images that are copies of one
_BAND = (0.7, 2.0)  # blurs between which detail is fine
_ROUGHLY = 0.7  # of the agreement that is needed, before images are laid exactly on each other
_OTHERS = 32  # images that a copy agrees less with than with its original
_BEYOND = 8  # median deviations between both
# Changes of place that are tried: (name, scale, degrees, shift down and right, in sides).
_PLACES = (
    *(("cropped", 0.95, 0, 0, 0), ("cropped", 0.9, 0, 0, 0)),
    *(("rotated", 1, 3, 0, 0), ("rotated", 1, -3, 0, 0)),
    *(("cropped or shifted", 0.93, 0, y, x) for y in (-0.035, 0.035) for x in (-0.035, 0.035)),
)
# Around each of them, when images are laid on each other; shifts are found by correlation.
_EXACT = ((1.0, 0.0),)
_AROUND = tuple((scale, angle) for scale in (0.975, 1.0, 1.025) for angle in (-1.5, 0.0, 1.5))
_TURNS = (
    *("", "flipped", "rotated by 90", "flipped and rotated by 90", "rotated by 180"),
    *("flipped upside down", "rotated by 270", "flipped and rotated by 270"),
)


def altered_copies(images, groups=None, min_descriptor=0.9, min_detail=0.8):
    """Return pairs (n_pairs, 2) of copies, and how each was changed.

    `images` are gray thumbnails (n, 64, 64) without their uniform borders. Images of one group are
    not compared. Where many images agree that well, they are alike and not copies, and only the
    best pairs count.
    """
    if len(images) < 2:
        return np.empty((0, 2), dtype=np.intp), []
    pairs, turns, places = _candidates(images, groups, min_descriptor)
    others = np.random.RandomState(0).permutation(len(images))[: _OTHERS + 2]
    # Only of the images that are laid on each other: of 200,000 images it would be 3.3 GB.
    needed = np.union1d(pairs, others)
    detail = _details(images, needed)
    pairs, others = np.searchsorted(needed, pairs), np.searchsorted(needed, others)
    rough = np.abs(_agreements(detail, pairs, turns, places))
    good = rough >= _ROUGHLY * min_detail
    pairs, turns, places = pairs[good], turns[good], places[good]
    agreements = _agreements(detail, pairs, turns, places, _AROUND)
    good = np.abs(agreements) >= min_detail
    pairs, turns, places, agreements = pairs[good], turns[good], places[good], agreements[good]
    good = _beyond_others(detail, others, pairs, turns, places, agreements)
    pairs = needed[pairs]
    least = _limit_of_set(len(images), pairs[good], np.abs(agreements[good]))
    good &= np.abs(agreements) >= least
    how = [_words(turns[row], places[row], agreements[row]) for row in np.flatnonzero(good)]
    return np.sort(pairs[good], axis=1), how


def _limit_of_set(n, pairs, agreements):
    """Return the agreement above which no large part of the images hangs together."""
    for least in (0, 0.85, 0.9, 0.95):
        sizes = [len(rows) for rows in members(clusters(n, pairs[agreements >= least]))]
        if max(sizes, default=0) <= max(_LARGEST, 0.05 * n):
            return least
    return 2  # none


def _words(turn, place, agreement):
    place = _PLACES[place - 1][0] if place else ""
    words = [_TURNS[turn], place, "inverted" if agreement < 0 else ""]
    return " and ".join(filter(None, words)) or "changed in brightness or marked"


# First step: which pairs may be copies.


def _candidates(images, groups, least):
    """Return (left, right) of candidate pairs, the turn and the change of place of the left."""
    turns = [*range(8), *[0] * len(_PLACES)]
    places = [*[0] * 8, *range(1, len(_PLACES) + 1)]
    parts = [_descriptors(images[row : row + _BLOCK]) for row in range(0, len(images), _BLOCK)]
    changed = [np.concatenate(each) for each in zip(*parts, strict=True)]
    straight = changed[0]
    blocks = range(0, len(images), _NEAR)
    # Matrix products and comparisons of whole blocks release the interpreter.
    with ThreadPoolExecutor(thread_count(None)) as pool:
        found = list(pool.map(partial(_block, changed, straight, groups, least), blocks))
    left, right, best = (np.concatenate(each) for each in zip(*found, strict=True))
    # Of a pair the better of both directions.
    keys = np.minimum(left, right) * len(images) + np.maximum(left, right)
    order = np.lexsort((-best, keys))
    order = order[np.unique(keys[order], return_index=True)[1]]
    left, right = left[order], right[order]
    alike = [np.einsum("ij,ij->i", each[left], straight[right]) for each in changed]
    which = np.abs(alike).argmax(axis=0)
    return np.column_stack([left, right]), np.array(turns)[which], np.array(places)[which]


def _descriptors(images):
    """Return the descriptors of images as they are, turned in each way and moved to each place."""
    images = np.asarray(images, dtype=np.float32)
    ranks = _ranks(images.reshape(len(images), _COARSE, 2, _COARSE, 2).mean(axis=(2, 4)))
    base = _spectrum(ranks)
    moved = (_spectrum(ranks, _warp(_COARSE, *change)) for _, *change in _PLACES)
    return [*(_unit(_turned(base, turn)) for turn in range(8)), *map(_unit, moved)]


def _block(changed, straight, groups, least, start):
    """Return the most similar rows of each of a block: left, right and the similarity."""
    stop = min(start + _NEAR, len(straight))
    best = np.zeros((stop - start, len(straight)), dtype=np.float32)
    alike = np.empty_like(best)
    for each in changed:
        np.matmul(each[start:stop], straight.T, out=alike)
        np.maximum(best, np.abs(alike, out=alike), out=best)
    # A symmetric image equals itself when it is turned.
    np.fill_diagonal(best[:, start:], 0)
    if groups is not None:
        best[groups[start:stop, None] == groups[None]] = 0
    most = min(_MOST, len(straight))
    right = np.argpartition(best, -most, axis=1)[:, -most:]
    best = np.take_along_axis(best, right, axis=1)
    row, column = np.nonzero(best >= least)
    return start + row, right[row, column], best[row, column]


def _ranks(small):
    """Return images whose gray levels are replaced by their ranks, from -1 to 1."""
    flat = small.reshape(len(small), -1)
    ranks = np.empty(flat.shape, dtype=np.float32)
    # Ranks do not change with brightness, contrast and gamma; inversion changes their sign.
    np.put_along_axis(
        ranks, flat.argsort(axis=1), np.linspace(-1, 1, flat.shape[1], dtype=np.float32)[None], 1
    )
    return ranks.reshape(small.shape)


def _spectrum(small, warp=None):
    """Return the low frequencies of the cosine transform of images, after a change of place."""
    pixels = small[0].size
    waves = dct(np.eye(_COARSE), axis=0, norm="ortho")[:_HIGH]
    waves = np.einsum("iy,jx->ijyx", waves, waves).reshape(-1, pixels)
    waves = waves if warp is None else (warp.T @ waves.T).T
    rows = small.reshape(-1, pixels) @ waves.T.astype(np.float32)
    return rows.reshape(-1, _HIGH, _HIGH)


def _unit(spectrum):
    """Return the frequencies used, as rows of length 1."""
    y, x = np.mgrid[:_HIGH, :_HIGH]
    rows = spectrum[:, (np.maximum(y, x) >= _LOW) & (y + x <= _HIGH + 2)]
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > 1e-3, rows / np.maximum(length, 1e-9), 0).astype(np.float32)


def _turned(spectrum, turn):
    """Return the spectrum of images turned by `turn` // 2 quarters after a flip if it is odd."""
    odd = np.where(np.arange(_HIGH) % 2, -1, 1)
    # A mirror image has the odd frequencies with the other sign; a quarter turn transposes.
    for _ in range(turn // 2):
        spectrum = spectrum.transpose(0, 2, 1) * odd[:, None]
    return spectrum * odd if turn % 2 else spectrum


@cache
def _warp(side, scale, degrees, down, right):
    """Return the sparse matrix that cuts an image of side x side out, by linear interpolation."""
    angle = np.deg2rad(degrees)
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    rows = scale * (np.cos(angle) * y - np.sin(angle) * x) + down
    columns = scale * (np.sin(angle) * y + np.cos(angle) * x) + right
    rows, columns = ((each + 0.5) * side - 0.5 for each in (rows, columns))
    rows, columns = (np.clip(each, 0, side - 1.001).ravel() for each in (rows, columns))
    top, start = rows.astype(int), columns.astype(int)
    below, after = rows - top, columns - start
    place, weight = [], []
    for dy, wy in ((0, 1 - below), (1, below)):
        for dx, wx in ((0, 1 - after), (1, after)):
            place.append((top + dy) * side + start + dx)
            weight.append(wy * wx)
    target = np.tile(np.arange(side * side), 4)
    shape = (side * side, side * side)
    return csr_array(
        (np.concatenate(weight).astype(np.float32), (target, np.concatenate(place))), shape=shape
    )


# Second step: whether the detail of two images agrees.


def _details(images, rows):
    """Return the fine detail of some rows of images, with the same contrast everywhere."""
    detail = np.empty((len(rows), *images.shape[1:]), dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        part = np.asarray(images[rows[start : start + _BLOCK]], dtype=np.float32)
        fine = _blurred(part, _BAND[0]) - _blurred(part, _BAND[1])
        # Neither a marker nor an outline, which images of one kind share, may outweigh the rest.
        local = np.sqrt(np.maximum(_blurred(fine * fine, 2), 0))
        least = 1e-3 + 0.1 * fine.std(axis=(1, 2), keepdims=True)
        fine = np.clip(fine / np.maximum(local, least), -1, 1)
        detail[start : start + _BLOCK] = fine - fine.mean(axis=(1, 2), keepdims=True)
    return detail


def _blurred(images, sigma):
    """Return images after a Gaussian filter, as products of matrices: a fifth of the time."""
    blur = _blur(images.shape[-1], sigma)
    return blur @ images @ blur.T


@cache
def _blur(side, sigma):
    return gaussian_filter1d(np.eye(side, dtype=np.float32), sigma, axis=0, truncate=3)


def _agreements(detail, pairs, turns, places, around=_EXACT):
    """Return the correlation of the detail of each pair where it is largest, signed.

    The left image is turned and moved, and moved a little `around` that, and shifted.
    """
    found = np.zeros(len(pairs), dtype=np.float32)
    for turn, place in sorted(set(zip(turns.tolist(), places.tolist(), strict=True))):
        rows = np.flatnonzero((turns == turn) & (places == place))
        scale, degrees, *shift = _change(place)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            left = _turned_images(detail[pairs[block, 0]], turn)
            right = _frequencies(detail[pairs[block, 1]])
            for more, angle in around:
                moved = _frequencies(_moved(left, scale * more, degrees + angle, *shift))
                here = _best_shift(moved, right)
                better = np.abs(here) > np.abs(found[block])
                found[block] = np.where(better, here, found[block])
    return found


def _beyond_others(detail, others, pairs, turns, places, agreements):
    """Return which pairs agree far better than either image does with others, rows of the set.

    Images with little detail agree well by chance, and those of one shape along its outline.
    """
    good = np.ones(len(pairs), dtype=bool)
    if len(others) < _OTHERS // 2:
        return good  # too few to say what is usual, and few pairs that could agree by chance
    known = _frequencies(detail[others])
    for row, pair in enumerate(pairs):
        left, right = detail[pair, None]
        moved = _moved(_turned_images(left, turns[row]), *_change(places[row]))
        apart = known[~np.isin(others, pair)]
        for image in (moved, right):
            usual = _fisher(_best_shift(_frequencies(image), apart))
            # Medians, since a few of the others may be copies too.
            median = np.median(usual)
            deviation = 1.4826 * np.median(np.abs(usual - median))
            good[row] &= _fisher(agreements[row]) > median + _BEYOND * deviation
    return good


def _fisher(correlation):
    """Return Fisher's transformation, of a spread that does not depend on the correlation."""
    return np.arctanh(np.minimum(np.abs(correlation), 0.9999))


def _change(place):
    return _PLACES[place - 1][1:] if place else (1, 0, 0, 0)


def _turned_images(images, turn):
    images = np.rot90(images, turn // 2, axes=(1, 2))
    return images[:, :, ::-1] if turn % 2 else images


def _moved(images, *change):
    """Return images after a change of place."""
    if change == (1, 0, 0, 0):
        return images
    return (_warp(_FINE, *change) @ images.reshape(len(images), -1).T).T.reshape(images.shape)


def _frequencies(images):
    """Return the Fourier transform of images scaled to length 1."""
    length = np.linalg.norm(images, axis=(1, 2), keepdims=True)
    return rfft2(images / np.maximum(length, 1e-6))


def _best_shift(left, right):
    """Return the correlation of images, each at its best shift of up to an eighth; signed."""
    surface = irfft2(left * np.conj(right), s=(_FINE, _FINE))
    near = np.r_[0 : _FINE // 8 + 1, -(_FINE // 8) : 0]
    surface = surface[:, near][:, :, near].reshape(len(surface), -1)
    best = np.abs(surface).argmax(axis=1)
    return surface[np.arange(len(surface)), best]

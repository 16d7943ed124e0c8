"""Find copies that were flipped, turned, shifted, cropped, framed, marked, inverted or recolored.

Two steps. Descriptors that do not change with brightness are compared in all pairs and for a few
changes of place each; they say which pairs may be copies. Those are laid on each other, and their
fine detail has to agree: it is what two patients never share.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np
from scipy.fft import dctn, irfft2, rfft2
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array

from skmedimg.evaluation.auditing._hashes import clusters, members
from skmedimg.images._n_jobs import thread_count

_COARSE, _FINE = 32, 64  # sides of the images compared in the first and in the second step
# Frequencies of the descriptor: below is shading, above moves with small shifts.
_LOW, _HIGH = 2, 10
_BLOCK = 512
_MOST = 6  # candidates of an image
_LARGEST = 20  # images that are copies of one
_BAND = (0.7, 2.0)  # blurs between which detail is fine
_ROUGHLY = 0.7  # of the agreement that is needed, before images are laid exactly on each other
# Changes of place that are tried: (name, scale, degrees, shift down and right, in sides).
_PLACES = (
    *(("cropped", 0.95, 0, 0, 0), ("cropped", 0.9, 0, 0, 0)),
    *(("rotated", 1, 3, 0, 0), ("rotated", 1, -3, 0, 0)),
    *(("cropped or shifted", 0.93, 0, y, x) for y in (-0.035, 0.035) for x in (-0.035, 0.035)),
)
# Around each of them, when images are laid on each other; shifts are found by correlation.
_SCALES, _ANGLES = (0.975, 1.0, 1.025), (-1.5, 0.0, 1.5)
_TURNS = (
    *("", "flipped", "rotated by 90", "flipped and rotated by 90", "rotated by 180"),
    *("flipped upside down", "rotated by 270", "flipped and rotated by 270"),
)


def altered_copies(images, min_descriptor=0.9, min_detail=0.8):
    """Return pairs (n_pairs, 2) of copies, and how each was changed.

    `images` are gray thumbnails (n, 64, 64) without their uniform borders. Where many images agree
    that well, they are alike and not copies, and only the best pairs count.
    """
    if len(images) < 2:
        return np.empty((0, 2), dtype=np.intp), []
    images = np.asarray(images, dtype=np.float32)
    pairs, turns, places = _candidates(images, min_descriptor)
    detail = _details(images, pairs)
    rough = _laid_on_each_other(detail, pairs, turns, places)
    kept, how, agreements = [], [], []
    for row in np.flatnonzero(np.abs(rough) >= _ROUGHLY * min_detail):
        (left, right), turn, place = pairs[row], turns[row], places[row]
        agreement = _agreement(detail[left], detail[right], turn, place)
        if abs(agreement) >= min_detail:
            kept.append((min(left, right), max(left, right)))
            how.append(_words(turn, place, agreement))
            agreements.append(abs(agreement))
    kept, agreements = np.array(kept, dtype=np.intp).reshape(-1, 2), np.array(agreements)
    least = _limit_of_set(len(images), kept, agreements)
    good = np.flatnonzero(agreements >= least)
    return kept[good], [how[each] for each in good]


def _limit_of_set(n, pairs, agreements):
    """Return the agreement above which no large part of the images hangs together."""
    for least in (0, 0.85, 0.9, 0.95):
        sizes = [len(rows) for rows in members(clusters(n, pairs[agreements >= least]))]
        if max(sizes, default=0) <= max(_LARGEST, 0.05 * n):
            return least
    return 2  # none


def _words(turn, place, agreement):
    words = [_TURNS[turn], _PLACES[place - 1][0] if place else "", "inverted" * (agreement < 0)]
    return " and ".join(filter(None, words)) or "changed in brightness or marked"


# First step: which pairs may be copies.


def _candidates(images, least):
    """Return (left, right) of candidate pairs, the turn and the change of place of the left."""
    small = images.reshape(len(images), _COARSE, 2, _COARSE, 2).mean(axis=(2, 4))
    base = _spectrum(small)
    straight = _unit(base)
    tries = [(turn, 0, _unit(_turned(base, turn))) for turn in range(8)]
    for place, (_, *change) in enumerate(_PLACES, start=1):
        moved = (_warp(_COARSE, *change) @ small.reshape(len(small), -1).T).T
        tries.append((0, place, _unit(_spectrum(moved.reshape(small.shape)))))
    # Matrix products and comparisons of whole blocks release the interpreter.
    with ThreadPoolExecutor(thread_count(None)) as pool:
        found = list(pool.map(partial(_block, tries, straight), range(0, len(images), _BLOCK)))
    left, right, best, which = (np.concatenate(each) for each in zip(*found, strict=True))
    # Of a pair the better of both directions.
    keys = np.minimum(left, right) * len(images) + np.maximum(left, right)
    order = np.lexsort((-best, keys))
    order = order[best[order] >= least]
    order = order[np.unique(keys[order], return_index=True)[1]]
    turns, places = np.array([each[:2] for each in tries])[which[order]].T
    return np.column_stack([left, right])[order], turns, places


def _block(tries, straight, start):
    """Return the most similar rows of each of a block: left, right, similarity and the try."""
    stop = min(start + _BLOCK, len(straight))
    best = np.zeros((stop - start, len(straight)), dtype=np.float32)
    which = np.zeros(best.shape, dtype=np.uint8)
    for number, (_, _, changed) in enumerate(tries):
        alike = changed[start:stop] @ straight.T
        np.abs(alike, out=alike)
        better = alike > best
        np.copyto(best, alike, where=better)
        np.copyto(which, np.uint8(number), where=better)
    # A symmetric image equals itself when it is turned.
    np.fill_diagonal(best[:, start:], 0)
    most = min(_MOST, len(straight))
    right = np.argpartition(best, -most, axis=1)[:, -most:]
    best, which = (np.take_along_axis(each, right, axis=1) for each in (best, which))
    left = np.repeat(np.arange(start, stop), most)
    return left, right.ravel(), best.ravel(), which.ravel()


def _spectrum(small):
    """Return the low frequencies of images whose gray levels are replaced by their ranks."""
    flat = small.reshape(len(small), -1)
    ranks = np.empty(flat.shape, dtype=np.float32)
    # Ranks do not change with brightness, contrast and gamma; inversion changes their sign.
    np.put_along_axis(
        ranks, flat.argsort(axis=1), np.linspace(-1, 1, flat.shape[1], dtype=np.float32)[None], 1
    )
    return dctn(ranks.reshape(small.shape), axes=(1, 2), norm="ortho")[:, :_HIGH, :_HIGH]


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


def _details(images, pairs):
    """Return the fine detail of the images in pairs, with the same contrast everywhere."""
    detail = np.zeros(images.shape, dtype=np.float32)
    rows = np.unique(pairs)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        part = np.asarray(images[block], dtype=np.float32)
        fine = _blurred(part, _BAND[0]) - _blurred(part, _BAND[1])
        # A marker or a bright edge must not outweigh the rest.
        local = np.sqrt(np.maximum(_blurred(fine * fine, 6), 0))
        least = 1e-3 + 0.1 * fine.std(axis=(1, 2), keepdims=True)
        fine = fine / np.maximum(local, least)
        detail[block] = fine - fine.mean(axis=(1, 2), keepdims=True)
    return detail


def _blurred(images, sigma):
    return gaussian_filter(images, (0, sigma, sigma), truncate=3)


def _laid_on_each_other(detail, pairs, turns, places):
    """Return how well the detail of each pair agrees after its change and the best shift."""
    found = np.zeros(len(pairs), dtype=np.float32)
    for turn, place in sorted(set(zip(turns.tolist(), places.tolist(), strict=True))):
        rows = np.flatnonzero((turns == turn) & (places == place))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            moved = _moved(detail[pairs[block, 0]], turn, _change(place))
            found[block] = _best_shift(moved, detail[pairs[block, 1]])
    return found


def _change(place):
    return _PLACES[place - 1][1:] if place else (1, 0, 0, 0)


def _moved(images, turn, change):
    """Return images after a turn and a change of place."""
    images = np.rot90(images, turn // 2, axes=(1, 2))
    images = images[:, :, ::-1] if turn % 2 else images
    if change == (1, 0, 0, 0):
        return images
    return (_warp(_FINE, *change) @ images.reshape(len(images), -1).T).T.reshape(images.shape)


def _best_shift(left, right):
    """Return the correlation of images, each at its best shift of up to an eighth; signed."""
    norms = np.linalg.norm(left, axis=(1, 2)) * np.linalg.norm(right, axis=(1, 2))
    surface = irfft2(rfft2(left) * np.conj(rfft2(right)), s=(_FINE, _FINE))
    near = np.r_[0 : _FINE // 8 + 1, -(_FINE // 8) : 0]
    surface = surface[:, near][:, :, near].reshape(len(surface), -1)
    best = np.abs(surface).argmax(axis=1)
    return surface[np.arange(len(surface)), best] / np.maximum(norms, 1e-6)


def _agreement(left, right, turn, place):
    """Return the correlation of the detail of two images where they fit best, signed."""
    scale, degrees, down, across = _change(place)
    tries = [(scale * s, degrees + a, down, across) for s in _SCALES for a in _ANGLES]
    stack = np.concatenate([_moved(left[None], turn, each) for each in tries])
    found = _best_shift(stack, right[None])
    return float(found[np.abs(found).argmax()])

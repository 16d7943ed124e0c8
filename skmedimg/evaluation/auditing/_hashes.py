"""Fingerprints of images: byte digests, 64-bit DCT hashes, and the clusters they form."""

import hashlib

import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_BLOCK = 512  # rows compared at once: 512 x n distances stay in the cache


def digest(content):
    """Return 128 bits that two different contents do not share.

    Parameters
    ----------
    content : bytes or ndarray
        The bytes of a file, or pixels: then the dtype and the shape count too.

    Returns
    -------
    digest : bytes of length 16

    Examples
    --------
    >>> from skmedimg.evaluation.auditing._hashes import digest
    >>> digest(b"abc").hex()
    'cf4ab791c62b8d2b2109c90275287816'
    """
    state = hashlib.blake2b(digest_size=16)
    if isinstance(content, np.ndarray):
        state.update(f"{content.dtype.str}{content.shape}".encode())
        content = np.ascontiguousarray(content)
    state.update(content)
    return state.digest()


def dct_hash(thumbnails):
    """Return one 64-bit perceptual hash per thumbnail.

    A bit tells whether one of the 8 x 8 lowest frequencies of the discrete cosine transform lies
    above their median, so brightness, contrast, size and compression hardly move it.

    Parameters
    ----------
    thumbnails : ndarray (n, side, side)
        Grey thumbnails.

    Returns
    -------
    hashes : ndarray (n,) of uint64

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.auditing._hashes import dct_hash
    >>> picture = np.random.default_rng(0).random((1, 32, 32))
    >>> bool(dct_hash(picture)[0] == dct_hash(0.5 * picture + 3)[0])
    True
    """
    low = dctn(np.asarray(thumbnails, dtype=np.float64), axes=(1, 2), norm="ortho")[:, :8, :8]
    low = low.reshape(len(low), 64)
    bits = low[:, 1:] > np.median(low[:, 1:], axis=1, keepdims=True)
    bits = np.column_stack([np.zeros(len(bits), dtype=bool), bits])  # the mean is brightness alone
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def near_pairs(hashes, thumbnails, distance, correlation):
    """Return the pairs of rows whose hashes are close and whose thumbnails correlate.

    Radiographs of one kind all look alike, and their hashes collide by chance; the correlation of
    the thumbnails tells the same picture from a similar one.

    Parameters
    ----------
    hashes : ndarray (n,) of uint64
    thumbnails : ndarray (n, side, side)
    distance : int
        Bits that may differ, of 64.
    correlation : float
        Smallest correlation of the two thumbnails' pixels.

    Returns
    -------
    pairs : ndarray (n_pairs, 2) of int
        Each with the smaller row first.
    distances : ndarray (n_pairs,) of int
        Bits that differ.
    """
    standard = _standardized(thumbnails)
    found = [np.empty((0, 3), dtype=np.intp)]
    for start in range(0, len(hashes), _BLOCK):
        apart = np.bitwise_count(hashes[start : start + _BLOCK, None] ^ hashes[None, start:])
        left, right = np.nonzero(apart <= distance)
        keep = right > left
        left, right = left[keep], right[keep]
        bits = apart[left, right].astype(np.intp)
        alike = _correlations(standard, left + start, right + start) >= correlation
        found.append(np.column_stack([left + start, right + start, bits])[alike])
    found = np.concatenate(found)
    return found[:, :2], found[:, 2]


def clusters(n, pairs):
    """Return the number of the cluster each of `n` rows is in, joined through `pairs`.

    Parameters
    ----------
    n : int
    pairs : array-like (n_pairs, 2) of int

    Returns
    -------
    labels : ndarray (n,) of int
        Numbered in the order in which the clusters first appear.

    Examples
    --------
    >>> from skmedimg.evaluation.auditing._hashes import clusters
    >>> clusters(5, [(0, 3), (3, 4)]).tolist()
    [0, 1, 2, 0, 0]
    """
    pairs = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
    edges = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    labels = connected_components(edges, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def equal_pairs(keys):
    """Return pairs that chain every row to the previous one with an equal key.

    Parameters
    ----------
    keys : sequence (n,) of hashable
        None never equals anything.

    Returns
    -------
    pairs : ndarray (n_pairs, 2) of int

    Examples
    --------
    >>> from skmedimg.evaluation.auditing._hashes import equal_pairs
    >>> equal_pairs(["a", "b", "a", None, None, "a"]).tolist()
    [[0, 2], [2, 5]]
    """
    last, pairs = {}, []
    for row, key in enumerate(keys):
        if key is None:
            continue
        if key in last:
            pairs.append((last[key], row))
        last[key] = row
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def members(labels):
    """Return the rows of every cluster that has more than one.

    Parameters
    ----------
    labels : ndarray (n,) of int

    Returns
    -------
    rows : list of ndarray of int

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.auditing._hashes import members
    >>> members(np.array([0, 1, 0, 2]))
    [array([0, 2])]
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [rows for rows in np.split(order, starts) if len(rows) > 1]


def _standardized(thumbnails):
    """Return the thumbnails as rows of mean 0 and length 1."""
    rows = np.asarray(thumbnails, dtype=np.float32).reshape(len(thumbnails), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _correlations(standard, left, right, chunk=1 << 16):
    parts = [
        np.einsum("ij,ij->i", standard[left[at : at + chunk]], standard[right[at : at + chunk]])
        for at in range(0, len(left), chunk)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)

"""Duplicates: digests of bytes, perceptual hashes, and the clusters they form."""

import hashlib

import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_BLOCK = 512  # rows compared at once: 512 x n distances stay in the cache


def digest(content):
    """Return 16 bytes that no two contents share; of pixels, the dtype and the shape count too."""
    state = hashlib.blake2b(digest_size=16)
    if isinstance(content, np.ndarray):
        state.update(f"{content.dtype.str}{content.shape}".encode())
        content = np.ascontiguousarray(content)
    state.update(content)
    return state.digest()


def dct_hash(thumbnails):
    """Return one 64-bit perceptual hash (uint64) per gray thumbnail of shape (n, side, side)."""
    # A bit tells whether one of the 8 x 8 lowest frequencies of the discrete cosine transform is
    # above their median: brightness, contrast, size and compression hardly change it (Zauner 2010,
    # see the references of `audit`).
    low = np.empty((len(thumbnails), 64))
    for start in range(0, len(low), _BLOCK):
        part = np.asarray(thumbnails[start : start + _BLOCK], dtype=np.float64)
        waves = dctn(part, axes=(1, 2), norm="ortho")[:, :8, :8]
        low[start : start + _BLOCK] = waves.reshape(-1, 64)
    # Against the median, so that half of the bits are 1 and chance pairs differ in half of them.
    bits = low[:, 1:] > np.median(low[:, 1:], axis=1, keepdims=True)
    bits = np.column_stack([np.zeros(len(bits), dtype=bool), bits])  # the mean is brightness alone
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def near_pairs(hashes, thumbnails, max_distance, min_correlation):
    """Return the pairs of rows, and their distances, whose hashes and thumbnails are close."""
    # Hashes of radiographs of one kind collide by chance, since they all look alike. The
    # correlation of the thumbnails tells the same image from a similar one.
    standard = _standardized(thumbnails)
    found = [np.empty((0, 3), dtype=np.intp)]
    # Each block against all later rows: exact, and fast
    # enough (64-bit XOR) without an index structure.
    for start in range(0, len(hashes), _BLOCK):
        differing = np.bitwise_count(hashes[start : start + _BLOCK, None] ^ hashes[None, start:])
        left, right = np.nonzero(differing <= max_distance)
        # Within the block every pair comes twice, and each row equals itself.
        keep = right > left
        left, right = left[keep], right[keep]
        bits = differing[left, right].astype(np.intp)
        alike = _correlations(standard, left + start, right + start) >= min_correlation
        found.append(np.column_stack([left + start, right + start, bits])[alike])
    found = np.concatenate(found)
    return found[:, :2], found[:, 2]


def clusters(n, pairs):
    """Return the cluster of each of n rows that pairs connect, numbered by first appearance."""
    pairs = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
    edges = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    # Duplicates are transitive here: if A is like B and B like C, all three must stay together.
    labels = connected_components(edges, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    # The argsort of an argsort is the rank: numbers by first appearance.
    return np.argsort(np.argsort(first))[inverse]


def consecutive_equal_pairs(keys):
    """Return pairs of each row and the previous one with an equal key; None equals nothing."""
    last, pairs = {}, []
    # A chain connects k equal rows by k - 1 pairs instead of k (k - 1) / 2.
    for row, key in enumerate(keys):
        if key is None:
            continue
        if key in last:
            pairs.append((last[key], row))
        last[key] = row
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def members(labels):
    """Return the rows of each cluster that has more than one, as a list of arrays."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [rows for rows in np.split(order, starts) if len(rows) > 1]


def _standardized(thumbnails):
    """Return the thumbnails as rows of mean 0 and length 1."""
    rows = np.array(thumbnails, dtype=np.float32).reshape(len(thumbnails), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    # The product of two such rows is their correlation; a constant thumbnail correlates with none.
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows


def _correlations(standard, left, right, chunk=1 << 16):
    """Return the correlation of each pair of standardized rows; in chunks, to bound the memory."""
    parts = [
        np.einsum("ij,ij->i", standard[left[at : at + chunk]], standard[right[at : at + chunk]])
        for at in range(0, len(left), chunk)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)

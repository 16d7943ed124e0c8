"""Damaged files: what a reader must survive."""

import numpy as np

from skmedimg import read_image
from skmedimg.images import ImageReadError


def survive_mutations(path, whole, seeds):
    """Read mutants of a file: an image or an ImageReadError that names it, nothing else."""
    refusals = []
    for seed in seeds:
        path.write_bytes(mutant(whole, np.random.RandomState(seed)))
        try:
            assert read_image(path, max_pixels=10**6).ndim in (2, 3)
        except ImageReadError as error:
            refusals.append(str(error))
    assert refusals
    assert all(path.name in refusal for refusal in refusals)


def mutant(data, random):
    """Return the bytes with some of them changed, cut out, doubled, or cut off."""
    data = bytearray(data)
    for _ in range(random.randint(1, 8)):
        place = random.randint(len(data))
        data[place] = random.choice([0, 255, random.randint(256)])
    start, length = random.randint(len(data)), random.randint(1, 40)
    edits = (data, data[:start], data[:start] + data[start + length :], data[:start] + data)
    return bytes(edits[random.randint(4)]) or b"\0"

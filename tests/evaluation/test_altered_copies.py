"""Copies that were turned, moved, cropped, framed, marked or recolored are found, no others."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter

from skmedimg import audit
from skmedimg.evaluation.auditing._altered_copies import _spectrum, _turned

SIDE = 128


def scene(random):
    """An image with shading that all share, and with detail of its own: bones, vessels, grain."""
    detail = [
        gaussian_filter(random.normal(size=(SIDE, SIDE)), s) * s * g
        for s, g in ((1, 0.3), (2.5, 0.8), (6, 1.2), (14, 1.5))
    ]
    shading = np.hypot(*np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j])
    pixels = 130 - 60 * shading + 28 * sum(detail)
    return Image.fromarray(np.clip(pixels, 1, 254).astype(np.uint8))


def changed(function):
    """A change of the gray levels, from 0 to 1."""
    return lambda image: Image.fromarray(
        np.uint8(np.clip(function(np.asarray(image) / 255), 0, 1) * 255)
    )


def shifted(image):
    return ImageOps.expand(image, (6, 6, 0, 0)).crop((0, 0, SIDE, SIDE))


def cropped(image, share=0.9):
    edge = round(SIDE * (1 - share) / 2)
    return image.crop((edge, edge, SIDE - edge, SIDE - edge))


def marked(image):
    image = image.copy()
    image.paste(255, (14, 14, 34, 34))
    return image


CHANGES = {
    "flipped": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "rotated by 90": lambda image: image.rotate(90),
    "rotated by 180": lambda image: image.rotate(180),
    "transposed": lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    "shifted": shifted,
    "cropped": cropped,
    "cropped in a corner": lambda image: image.crop((0, 0, 118, 118)),
    "rotated by 3": lambda image: image.rotate(3, Image.Resampling.BILINEAR),
    "framed": lambda image: ImageOps.expand(image, 10, fill=0),
    "framed white": lambda image: ImageOps.expand(image, 10, fill=255),
    "marked": marked,
    "inverted": ImageOps.invert,
    "gamma .6": changed(lambda x: x**0.6),
    "gamma 1.8": changed(lambda x: x**1.8),
    "equalized": ImageOps.equalize,
}
RANDOM = np.random.RandomState(0)
SCENES = [scene(RANDOM) for _ in range(60)]


def as_array(image):
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def test_turned_spectra_are_those_of_turned_images():
    images = np.random.RandomState(0).rand(3, 32, 32).astype(np.float32)
    for turn in range(8):
        turned = np.rot90(images, turn // 2, axes=(1, 2))
        turned = turned[:, :, ::-1] if turn % 2 else turned
        np.testing.assert_allclose(_turned(_spectrum(images), turn), _spectrum(turned), atol=1e-4)


@pytest.mark.parametrize("name", CHANGES)
def test_altered_copies_are_found_and_no_other_pairs(name):
    copies = [as_array(CHANGES[name](image)) for image in SCENES[:10]]
    found = audit(np.stack([*map(np.asarray, SCENES), *copies]), probes=False)
    pairs = {
        tuple(sorted(rows))
        for kind in ("near", "altered")
        for finding in found.of(kind=kind)
        for rows in finding.clusters
    }
    true = {(k, 60 + k) for k in range(10)}
    assert len(pairs & true) >= 9
    assert pairs <= true


def test_images_of_one_kind_are_no_copies_of_each_other():
    assert not audit(np.stack(SCENES), probes=False).of(kind="altered")


def test_many_images_that_are_nearly_alike_are_not_joined_to_one():
    base = np.asarray(SCENES[0], float)
    random = np.random.RandomState(1)
    noise = np.stack([gaussian_filter(random.normal(size=base.shape), 2.5) for _ in range(60)])
    images = np.clip(base + 30 * noise, 0, 255).astype(np.uint8)
    sizes = np.bincount(audit(images, probes=False, min_correlation=1.0).groups())
    assert sizes.max() <= 20


def test_the_change_is_said_in_words():
    copies = [as_array(CHANGES[name](SCENES[0])) for name in ("flipped", "inverted")]
    found = audit(np.stack([*map(np.asarray, SCENES[:20]), *copies]), probes=False)
    [finding] = found.of(kind="altered")
    assert "flipped" in finding.title
    assert "inverted" in finding.title
    assert len(set(found.groups())) == 20

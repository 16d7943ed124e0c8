"""Copies that were turned, moved, cropped, framed, marked or recolored are found, no others."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from skmedimg import audit
from skmedimg.evaluation.auditing._altered_copies import _ranks, _spectrum, _turned

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


def test_the_spectrum_is_the_cosine_transform_of_ranks():
    images = np.random.RandomState(1).rand(3, 32, 32).astype(np.float32)
    ranks = 2 * (rankdata(images.reshape(3, -1), axis=1) - 1) / 1023 - 1
    np.testing.assert_allclose(_ranks(images).reshape(3, -1), ranks, atol=1e-6)
    expected = dctn(ranks.reshape(images.shape), axes=(1, 2), norm="ortho")[:, :10, :10]
    np.testing.assert_allclose(_spectrum(_ranks(images)), expected, atol=1e-4)


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


def smooth(n, sigma, side=64):
    """Images of different patients with shading and without grain."""
    fields = gaussian_filter(
        np.random.RandomState(7).normal(size=(n, side, side)), (0, sigma, sigma)
    )
    return np.clip(128 + 45 * fields / fields.std(axis=(1, 2), keepdims=True), 0, 255)


def phantoms(n, side=64):
    """Bodies of one outline, with shading and three soft spots of their own."""
    random = np.random.RandomState(8)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    body = np.hypot(y, x) < 0.7
    images = np.where(body, 60 + smooth(n, 8) / 2, 10)
    for image in images:
        for down, right, size in random.uniform((-0.4, -0.4, 0.06), (0.4, 0.4, 0.15), (3, 3)):
            image += 60 * body * np.exp(-((y - down) ** 2 + (x - right) ** 2) / (2 * size**2))
    return np.clip(gaussian_filter(images, (0, 0.5, 0.5)), 0, 255)


@pytest.mark.parametrize("kind", ["12 pixels", "6 pixels", "one outline"])
def test_only_copies_of_smooth_images_are_found(kind):
    images = phantoms(60) if kind == "one outline" else smooth(60, int(kind.split()[0]))
    images = np.concatenate([images, images[:20, :, ::-1]]).astype(np.uint8)
    assert not audit(images[:60], probes=False).of(kind="altered")
    [finding] = audit(images, probes=False).of(kind="altered")
    assert {tuple(rows) for rows in finding.clusters} == {(k, 60 + k) for k in range(20)}


def test_images_of_one_patient_are_not_compared():
    copies = [as_array(ImageOps.mirror(image)) for image in SCENES[:4]]
    images = np.stack([*map(np.asarray, SCENES[:20]), *copies])
    patients = [*range(20), 0, 1, 20, 21]
    [finding] = audit(images, groups=patients, probes=False).of(kind="altered")
    assert {tuple(rows) for rows in finding.clusters} == {(2, 22), (3, 23)}

"""Synthetic images with lesions, masks and patients, for examples and tests."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from skmedimg._sklearn import Interval, validate_params
from skmedimg.datasets._data_set import DataSet


class _Lesion(NamedTuple):
    name: str
    intensity: float  # of the lesion against the tissue around it
    elongation: float
    wobble: float  # how far the outline leaves an ellipse
    hollow: float  # how much of the core is taken out again
    texture: float  # how uneven the inside is


# One row per class, in the order of the labels; an intensity of 0 draws nothing.
_LESIONS = (
    _Lesion("healthy", 0.0, 1.0, 0.0, 0.0, 0.0),
    _Lesion("mass", 1.0, 1.1, 0.12, 0.0, 0.1),
    _Lesion("ring", 0.9, 1.1, 0.08, 1.5, 0.0),
    _Lesion("infiltrate", 0.8, 1.9, 0.45, 0.0, 0.3),
    _Lesion("cyst", -0.9, 1.0, 0.04, 0.0, 0.0),
    _Lesion("spots", 0.8, 1.2, 0.2, 0.0, 0.8),
)
_CONTRAST = 0.45  # of a lesion without noise, where tissue is 0.38

# Pixels drawn at once: a few float32 planes of them fit into the processor's cache.
_PIXELS_AT_ONCE = 1 << 20


@validate_params(
    {
        "n": [Interval(Integral, 1, None, closed="left")],
        "size": [Interval(Integral, 16, None, closed="left"), tuple, list],
        "n_classes": [Interval(Integral, 2, len(_LESIONS), closed="both")],
        "channels": [Interval(Integral, 1, None, closed="left")],
        "patients": [Interval(Integral, 1, None, closed="left"), None],
        "noise": [Interval(Real, 0, 1, closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_lesions(
    n=200, *, size=64, n_classes=2, channels=1, patients=None, noise=0.2, random_state=None
):
    """Return synthetic images with lesions, their masks, classes and patients.

    Each image is a slice through a soft, noisy "body" whose outline, tissue and dark cavities
    belong to the patient. An image of class ``k > 0`` holds one blurred lesion of that class
    (1 mass, 2 ring, 3 infiltrate, 4 cyst, 5 spots); class 0 is healthy. Every image, healthy or
    not, has a harmless bright vessel, so that brightness alone decides nothing. A patient has one
    diagnosis: a split that puts the same patient on both sides is rewarded for recognizing
    the patient, as with real scans.

    Parameters
    ----------
    n : int, default=200
        Number of images.
    size : int or tuple of (height, width), default=64
        Size of one image in pixels, at least 16 each.
    n_classes : int, default=2
        Number of classes, 2 to 6, the healthy one included.
    channels : int, default=1
        Number of channels. With more than one the scans are tinted.
    patients : int, default=None
        Number of patients among whom the images are shared out, at least `n_classes` and at most
        `n`. None: every image has a patient of its own.
    noise : float, default=0.2
        Difficulty, from 0 (lesions are easy to see) to 1 (no lesion is drawn, only grain).
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same images at every call.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        images : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            The scans.
        target : ndarray of shape (n,), int64
            The class of each image.
        target_names : list of str, length n_classes
            Names of the classes.
        masks : ndarray of shape (n, height, width), uint8
            The class of each pixel: 0 outside the lesion, `target` in it.
        groups : ndarray of shape (n,), int64
            The patient of each image.
        DESCR : str
            Description of the data.

    See Also
    --------
    load_image_folder : List the images of a folder with their labels, patients and masks.

    Examples
    --------
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(60, size=32, n_classes=3, patients=20, random_state=0)
    >>> data.images.shape, data.images.dtype
    ((60, 32, 32), dtype('uint8'))
    >>> data.target_names
    ['healthy', 'mass', 'ring']
    >>> bool((data.masks.max(axis=(1, 2)) == data.target).all())
    True
    """
    height, width = _check_size(size)
    patients = _check_patients(patients, n, n_classes)
    # Generator draws float32 normals in a third of RandomState's time; check_random_state accepts
    # all that scikit-learn accepts.
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    # Shuffled remainders: patients get equally many images (up to one), classes equally many
    # patients.
    groups = rng.permutation(np.arange(n) % patients)
    target = rng.permutation(np.arange(patients) % n_classes)[groups]
    bodies, scenes = _draw_bodies(rng, patients), _draw_scenes(rng, target)
    images = np.empty((n, height, width, channels), dtype=np.uint8)
    masks = np.empty((n, height, width), dtype=np.uint8)
    for part in _chunks(n, height * width * channels):
        body = {name: value[groups[part]] for name, value in bodies.items()}
        scene = {name: value[part] for name, value in scenes.items()}
        # Noise weakens the lesion as well as adding grain: at 1 there is nothing left to find.
        scan, lesion = _render(body, scene, height, width, contrast=_CONTRAST * (1 - noise))
        images[part] = _expose(rng, scan, channels, grain=0.01 + 0.2 * noise)
        masks[part] = lesion * target[part, None, None]
    return DataSet(
        images=images[..., 0] if channels == 1 else images,
        target=target,
        target_names=[lesion.name for lesion in _LESIONS[:n_classes]],
        masks=masks,
        groups=groups,
        DESCR=_DESCR.format(n=n, patients=patients, n_classes=n_classes, noise=noise),
    )


def _check_size(size):
    """Return `size` as (height, width)."""
    height_width = (size, size) if isinstance(size, Integral) else tuple(size)
    if len(height_width) != 2 or not all(
        isinstance(side, Integral) and side >= 16 for side in height_width
    ):
        raise ValueError(f"size must be a side or (height, width) of at least 16, got {size!r}.")
    return height_width


def _check_patients(patients, n, n_classes):
    """Return the number of patients, at least one per class."""
    patients = n if patients is None else patients
    if not n_classes <= patients <= n:
        raise ValueError(
            f"{patients} patients cannot share {n} images of {n_classes} classes: every patient "
            f"has one class and at least one image. Choose patients from {n_classes} to {n}."
        )
    return patients


def _draw_bodies(rng, patients):
    """Return the random numbers of each patient, the same in all of the patient's images."""
    return {
        "axes": rng.uniform((0.72, 0.6), (0.9, 0.8), (patients, 2)),
        "tilt": rng.uniform(-0.25, 0.25, patients),
        "rim": rng.uniform(0.25, 0.5, patients),
        "tissue": rng.normal(size=(patients, 6, 6)),
        "cavity": rng.uniform((0.12, 0.05, 0.2), (0.25, 0.1, 0.4), (patients, 3)),
    }


def _draw_scenes(rng, target):
    """Return the random numbers of each image: its lesion, vessel and exposure."""
    n = len(target)
    kinds = np.array([lesion[1:] for lesion in _LESIONS])[target]
    radius = rng.uniform(0.2, 0.32, n)
    # The square root keeps the area: long and short axis are radius times and over it.
    stretch = np.sqrt(kinds[:, 1])
    return {
        "kind": kinds,
        "shift": rng.uniform(-0.06, 0.06, (n, 2)),
        "gain": rng.uniform(0.85, 1.1, n),
        "where": _in_disc(rng, n, 0.55),
        "semi_axes": np.stack([radius * stretch, radius / stretch], axis=1),
        "angle": rng.uniform(0, np.pi, n),
        "outline": rng.normal(size=(n, 8, 8)),
        "inside": rng.normal(size=(n, 24, 24)),
        "vessel": rng.uniform((-0.5, -np.pi, -1), (0.5, np.pi, 1), (n, 3)),
    }


def _in_disc(rng, n, radius):
    """Return n random points in a disc; the square root makes their density even."""
    turn = rng.uniform(0, 2 * np.pi, n)
    distance = radius * np.sqrt(rng.uniform(size=n))
    return np.stack([distance * np.sin(turn), distance * np.cos(turn)], axis=1)


def _chunks(n, pixels):
    """Return slices of n images that hold about _PIXELS_AT_ONCE pixels each."""
    step = max(1, _PIXELS_AT_ONCE // pixels)
    return [slice(start, start + step) for start in range(0, n, step)]


def _render(body, scene, height, width, contrast):
    """Return the scans in about [0, 1] and the lesions' masks, each (n, height, width)."""
    y, x = _coordinates(height, width, scene["shift"], body["tilt"])
    # The body: tissue inside an ellipse, with a soft edge.
    semi = _images(body["axes"])
    radius = np.hypot(y / semi[0], x / semi[1])
    inside = _step(1 - radius, 0.04)
    scan = 0.38 + 0.07 * _field(body["tissue"], height, width)
    # Cavities and a vessel, which healthy images have too.
    scan -= 0.2 * _cavities(y, x, body["cavity"])
    scan += 0.1 * _vessel(y, x, scene["vessel"])
    # The lesion, then black outside the body, a bright rim and the exposure.
    profile, pattern = _lesion(y, x, semi, scene, height, width)
    scan += contrast * profile * pattern
    scan *= inside
    scan += _images(body["rim"]) * np.exp(-(((radius - 0.95) / 0.05) ** 2))
    scan *= _images(scene["gain"])
    # The mask ends where the soft outline is at half its height.
    return scan, (profile > 0.5) & (radius < 1)


def _images(values):
    """Return numbers per image, (n,) or (n, k), as (n, 1, 1) or (k, n, 1, 1)."""
    return np.asarray(values, dtype=np.float32).T[..., None, None]


def _coordinates(height, width, shift, tilt):
    """Return y and x of every pixel relative to the body, from -1 to 1 across the image."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    dy, dx = _images(shift)
    return _turn(y[:, None] - dy, x[None, :] - dx, tilt)


def _turn(y, x, angle):
    """Return coordinates turned by one angle per image."""
    sine, cosine = np.sin(_images(angle)), np.cos(_images(angle))
    return cosine * y - sine * x, sine * y + cosine * x


def _step(distance, blur):
    """Return a smooth step from 0 to 1 where distance passes 0."""
    return 0.5 + 0.5 * np.tanh(distance / (2 * blur))


def _field(coefficients, height, width):
    """Return a smooth random field of about unit deviation: a sum of low-frequency cosines."""
    _, rows, columns = coefficients.shape
    # A product of two cosines has variance 1/4, and rows * columns of them are added.
    coefficients = (coefficients / np.sqrt(rows * columns / 4)).astype(np.float32)
    return _cosines(height, rows) @ coefficients @ _cosines(width, columns).T


def _cosines(side, count):
    """Return the first `count` cosines on `side` pixels, (side, count)."""
    position = (np.arange(side, dtype=np.float32) + 0.5) / side
    return np.cos(np.pi * position[:, None] * np.arange(1, count + 1, dtype=np.float32))


def _cavities(y, x, cavity):
    """Return a pair of cavities, mirrored like lungs or ventricles."""
    offset, across, along = _images(cavity)
    return np.exp(-(((np.abs(x) - offset) / across) ** 2) - (y / along) ** 2)


def _vessel(y, x, vessel):
    """Return a thin bent line."""
    offset, angle, bend = vessel.T
    along, across = _turn(y, x, angle)
    ridge = (across - _images(offset) - 0.3 * _images(bend) * along**2) / 0.035
    return np.exp(-(ridge**2))


def _lesion(y, x, semi, scene, height, width):
    """Return the soft outlines and the fillings of lesions, by the row of their class."""
    intensity, _, wobble, hollow, texture = _images(scene["kind"])
    center = _images(scene["where"]) * semi
    along, across = _turn(y - center[0], x - center[1], scene["angle"])
    long, short = _images(scene["semi_axes"])
    distance = np.hypot(along / long, across / short)
    # tanh keeps the outline near the ellipse, so that a lesion cannot vanish or fill the image.
    distance += wobble * np.tanh(_field(scene["outline"], height, width))
    profile = _step(1 - distance, 0.1)
    filling = 1 - hollow * _step(0.55 - distance, 0.1)
    filling += texture * _field(scene["inside"], height, width)
    return profile, intensity * filling


def _expose(rng, scan, channels, grain):
    """Return scans with the grain of a detector, as uint8 (n, height, width, channels)."""
    # Channels differ in brightness, so that color images are not gray ones three times.
    tints = np.linspace(1.0, 0.7, channels, dtype=np.float32)
    noisy = scan[..., None] * tints
    noisy += np.float32(grain) * rng.standard_normal(noisy.shape, dtype=np.float32)
    return np.clip(noisy * 255 + 0.5, 0, 255).astype(np.uint8)


_DESCR = """\
Synthetic scans with lesions: {n} images of {patients} patients in {n_classes} classes.
The difficulty (noise, from 0 to 1) is {noise}.
They are drawn, not measured: nothing learned from them says anything about people.
"""

"""The estimator that holds the parameters of augmentation, for networks and Pipelines."""

from numbers import Integral, Real

import numpy as np
from imblearn.base import BaseSampler
from imblearn.utils import check_target_type
from sklearn.utils import check_consistent_length

from skmedimg._device import seed_from
from skmedimg._sklearn import Interval, StrOptions
from skmedimg.images._augment_copies import (
    changed_copies,
    check_pixel_labels,
    check_stack,
    choose_sources,
)
from skmedimg.images._augment_ops import NEUTRAL, draw_changes, move, range_of, recolor


class Augmenter(BaseSampler):
    """Augment training images at random: geometry, brightness, contrast and noise.

    It can be used in three places:

    - ``ScratchCNN(augment=Augmenter(rotation=15))``: every training batch is changed anew, on the
      device. Rows held out for early stopping, and everything in `predict`, stay as they are.
    - ``Pipeline([Augmenter(copies=2), HOG(), ShallowMLP()])``: changed copies are added when the
      Pipeline is fitted, and only then.
    - :func:`augment` is the same as a function.

    Rotation, zoom, shift, shear, crop and flip make up one affine map, which moves an image and its
    mask; each image is interpolated once.

    Parameters
    ----------
    rotation : float or tuple of (low, high), default=0
        Degrees, clockwise. Here and below a number ``a`` means a range around the neutral value
        (for rotation ``(-a, a)``), from which every image draws uniformly; a pair is the range
        itself.
    zoom : float or tuple of (low, high), default=0
        A fraction ``a`` enlarges by factors of ``(1 - a, 1 + a)``; a pair holds the factors.
    shift : float or tuple of (low, high), default=0
        Fraction of the side, to the right and, drawn apart, downwards.
    shear : float or tuple of (low, high), default=0
        Degrees, along the rows.
    flip : {"horizontal", "vertical", "both"} or None, default=None
        Mirror half of the images left to right, upside down, or either. Left and right are not
        alike in a body: a mirrored chest has its heart on the wrong side, and a label that
        depends on the side becomes wrong.
    brightness : float or tuple of (low, high), default=0
        A fraction ``a`` multiplies by factors of ``(1 - a, 1 + a)``; a pair holds the factors.
    contrast : float or tuple of (low, high), default=0
        The same for the distance from the mean gray of the image.
    noise : float or tuple of (low, high), default=0
        Standard deviation of Gaussian noise, in scaled pixel values; with a pair every image draws
        its own.
    crop : float or tuple of (low, high), default=0
        Up to this fraction of both sides is cut away, at a random place, and the rest enlarged to
        the image's size.
    probability : float, default=1.0
        The probability that an operation happens to an image, for each of them.
    copies : int, default=1
        Changed copies of each image that `fit_resample` adds; ignored inside a network.
    balance : bool, default=False
        Whether `fit_resample` adds as many changed copies as each class needs to be as large as the
        largest one (with its `copies`), instead of `copies` of each image.
    fill : {"zero", "edge", "mirror"}, default="zero"
        The pixels from outside the image: zeros, the nearest pixel at its edge, or its mirror
        image.
    image_shape : tuple of int, default=None
        Shape of ONE image where X comes as rows, with at most one -1; None means square.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same copies at every `fit_resample`. In a network the network's own
        `random_state` counts.

    Attributes
    ----------
    sample_indices_ : ndarray of shape (n_resampled,)
        The row of X each returned row was made from: first the n rows themselves, then the added
        ones. ``groups[sample_indices_]`` are the patients of the returned rows.
    sampling_strategy_ : dict of label to int
        Number of images added per class.
    image_shape_ : tuple of (height, width, channels)
        Shape of one image.
    n_features_in_ : int
        Number of values of one image.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Names of the columns, where X was a DataFrame of rows.

    See Also
    --------
    Resample : Balance classes by leaving out or repeating images.

    Examples
    --------
    >>> from skmedimg import Augmenter
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(40, size=32, random_state=0)
    >>> augmenter = Augmenter(rotation=15, zoom=0.1, copies=2, random_state=0)
    >>> X, y = augmenter.fit_resample(data.images, data.target)
    >>> X.shape, X.dtype, y.shape
    ((120, 32, 32), dtype('uint8'), (120,))
    """

    _parameter_constraints = {
        "rotation": [Interval(Real, 0, 360, closed="both"), tuple, list],
        "zoom": [Interval(Real, 0, 0.95, closed="both"), tuple, list],
        "shift": [Interval(Real, 0, 1, closed="both"), tuple, list],
        "shear": [Interval(Real, 0, 80, closed="both"), tuple, list],
        "flip": [StrOptions({"horizontal", "vertical", "both"}), None],
        "brightness": [Interval(Real, 0, 1, closed="both"), tuple, list],
        "contrast": [Interval(Real, 0, 1, closed="both"), tuple, list],
        "noise": [Interval(Real, 0, None, closed="left"), tuple, list],
        "crop": [Interval(Real, 0, 0.95, closed="both"), tuple, list],
        "probability": [Interval(Real, 0, 1, closed="both")],
        "copies": [Interval(Integral, 0, None, closed="left")],
        "balance": ["boolean"],
        "fill": [StrOptions({"zero", "edge", "mirror"})],
        "image_shape": [tuple, list, None],
        "random_state": ["random_state"],
    }

    # imbalanced-learn's base class needs both; here `copies` and `balance` decide.
    _sampling_type = "bypass"
    sampling_strategy = "auto"

    def __init__(
        self,
        *,
        rotation=0,
        zoom=0,
        shift=0,
        shear=0,
        flip=None,
        brightness=0,
        contrast=0,
        noise=0,
        crop=0,
        probability=1.0,
        copies=1,
        balance=False,
        fill="zero",
        image_shape=None,
        random_state=None,
    ):
        self.rotation = rotation
        self.zoom = zoom
        self.shift = shift
        self.shear = shear
        self.flip = flip
        self.brightness = brightness
        self.contrast = contrast
        self.noise = noise
        self.crop = crop
        self.probability = probability
        self.copies = copies
        self.balance = balance
        self.fill = fill
        self.image_shape = image_shape
        self.random_state = random_state

    def augment_batch(self, images, masks, generator):
        """Return a changed batch of images and masks, on the device of the images.

        Parameters
        ----------
        images : Tensor of shape (n, channels, height, width)
            Scaled images, of a floating dtype.
        masks : Tensor of shape (n, height, width) or None
            Labels of the pixels.
        generator : torch.Generator
            The only source of randomness. An image's numbers depend on its place in the batch, not
            on the images beside it.

        Returns
        -------
        images, masks : Tensor
            The same where nothing changes, else new tensors.
        """
        self._validate_params()
        if images.ndim != 4:
            raise ValueError(
                f"Augmenter changes images (n, channels, height, width), got a batch of shape "
                f"{tuple(images.shape)}. A network on rows needs image_shape=(height, width)."
            )
        ranges = {name: range_of(name, getattr(self, name)) for name in NEUTRAL}
        changes = draw_changes(len(images), ranges, self.flip, self.probability, generator)
        moved, masks = move(images, masks, changes, self.fill)
        # The caller's batch must stay as it is; a tensor that `move` has made may be overwritten.
        return recolor(moved, changes, generator, overwrite=moved is not images), masks

    def fit(self, X, y):
        """Check the images and count the copies per class that `fit_resample` would add.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Images.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        self : Augmenter
        """
        self._validate_params()
        _, y, _ = self._check_X_y(X, y)
        self._choose(y, seed_from(self.random_state))
        return self

    def fit_resample(self, X, y):
        """Return the images and labels, followed by randomly changed copies.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Images. Paths and lazy stacks cannot be added to: a network's `augment` takes them.
        y : array-like of shape (n,) or (n, height, width)
            Labels, or masks, which then move with their images.

        Returns
        -------
        X_resampled : array of the kind of X, with n_resampled rows
            The unchanged images, then the changed copies, in the dtype of X.
        y_resampled : array of the kind of y, with n_resampled rows
            Their labels or masks.
        """
        # imbalanced-learn's own fit_resample refuses masks: they are not a type of target it knows.
        if np.ndim(y) != 3:
            return super().fit_resample(X, y)
        self._validate_params()
        stack = check_stack(self, X)
        masks = check_pixel_labels(y, stack)
        if self.balance:
            raise ValueError("balance=True needs one label per image, but y holds masks.")
        sources = np.tile(np.arange(len(stack)), self.copies)
        self.sample_indices_ = np.append(np.arange(len(stack)), sources)
        added, moved = changed_copies(
            stack, masks, sources, seed_from(self.random_state), self.augment_batch
        )
        # Rows stay rows, and gray images have no axis of channels.
        layout = (-1, *np.shape(X)[1:])
        return np.concatenate([stack, added]).reshape(layout), np.concatenate([masks, moved])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.three_d_array = True
        tags.sampler_tags.sample_indices = True
        return tags

    def _check_X_y(self, X, y):
        y, one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        stack = check_stack(self, X)
        check_consistent_length(stack, y)
        # imbalanced-learn puts the result into the container of X, so it needs the shape of X.
        return stack.reshape(np.shape(X)), y, one_vs_all

    def _fit_resample(self, X, y):
        seed = seed_from(self.random_state)
        sources = self._choose(y, seed)
        self.sample_indices_ = np.append(np.arange(len(X)), sources)
        stack = X.reshape(-1, *self.image_shape_)
        added, _ = changed_copies(stack, None, sources, seed, self.augment_batch)
        return np.concatenate([X, added.reshape(-1, *X.shape[1:])]), y[self.sample_indices_]

    def _choose(self, y, seed):
        """Choose the rows to copy and note how many per class."""
        sources, self.sampling_strategy_ = choose_sources(y, self.copies, self.balance, seed)
        return sources

"""Whether an image looks like the images that a model was trained on."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import pairwise_distances_chunked
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import HasMethods, Interval, StrOptions, fit_context, num_samples
from skmedimg.images._image_loader import ImageLoader
from skmedimg.images._validate import check_groups

# A pixel that is black in all training images, or nearly, has no scale of its own. It is not left
# out: a bright one in a new image is what the guard is for. It gets this share of the usual scale.
_LEAST_SCALE = 0.1


class InputGuard(BaseEstimator):
    """Flag images that are unlike all training images, for which no prediction can be trusted.

    The distance of an image is the mean of those to its nearest neighbors among the training
    images, in features [1]_. Images farther than nearly all training images are from those of
    other patients are flagged: another body part, another projection, a photograph of a screen.

    Parameters
    ----------
    features : transformer or None, default=None
        From images to rows, such as `HOG` or `BackboneFeatures`, which see finer differences. None
        takes gray thumbnails of 16 x 16 pixels.
    quantile : float, default=0.99
        Share of training images that are not flagged, each compared with those of other patients.
    n_neighbors : int, default=5
        Nearest training images whose distances are averaged.
    metric : {"euclidean", "cosine"}, default="euclidean"
        Distance of two rows of features; "euclidean" standardizes each feature first.

    Attributes
    ----------
    features_ : transformer
        Fitted.
    training_features_ : ndarray of shape (n_samples, n_features)
        Of the training images, standardized for "euclidean".
    training_distances_ : ndarray of shape (n_samples,)
        Of each training image, to images of other patients.
    mean_, scale_ : ndarray of shape (n_features,)
        What features are standardized by.
    threshold_ : float
        Images with a larger distance are flagged.

    See Also
    --------
    ConformalClassifier : Sets of classes for images that could be several.
    audit : Odd images among the training images.

    Notes
    -----
    An image that is not flagged may still be unlike the training images in what matters: the guard
    sees what its features see. It is a check of the input and not of the prediction.

    References
    ----------
    .. [1] Sun, Y., Ming, Y., Zhu, X., & Li, Y. (2022). Out-of-distribution detection with deep
       nearest neighbors. ICML. https://arxiv.org/abs/2204.06507

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.evaluation import InputGuard
    >>> images = make_lesions(60, size=32, random_state=0).images
    >>> guard = InputGuard().fit(images[:50])
    >>> noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32), dtype=np.uint8)
    >>> guard.flag(noise), guard.flag(images[50:]).any()
    (array([ True,  True]), np.False_)
    """

    _parameter_constraints = {
        "features": [HasMethods(["fit", "transform"]), None],
        "quantile": [Interval(Real, 0, 1, closed="right")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions({"euclidean", "cosine"})],
    }

    def __init__(self, features=None, *, quantile=0.99, n_neighbors=5, metric="euclidean"):
        self.features = features
        self.quantile = quantile
        self.n_neighbors = n_neighbors
        self.metric = metric

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, groups=None):
        """Keep the features of the training images, and choose the threshold.

        Parameters
        ----------
        X : any kind of X that `features` takes
            Training images.
        y : array-like of shape (n_samples,) or None, default=None
            Labels, for features that take them.
        groups : array-like of shape (n_samples,) or None, default=None
            Patients: an image is compared with those of others, since a new patient has none.

        Returns
        -------
        self : InputGuard
        """
        n = num_samples(X)
        patients = np.arange(n) if groups is None else check_groups(groups, np.empty(n))
        patients = np.unique(patients, return_inverse=True)[1]
        self._check_others(patients, "image" if groups is None else "patient")
        # 8 bits: files of several depths are compared as they are shown.
        features = ImageLoader(16, dtype="uint8") if self.features is None else clone(self.features)
        self.features_ = features.fit(X, y)
        rows = self._rows(X)
        self.mean_, spread = rows.mean(0), rows.std(0)
        if not spread.any():
            raise ValueError(
                f"InputGuard needs features that differ between images, but those of all {n} "
                "training images are the same. Check that the images are not empty."
            )
        usual = np.sqrt(np.mean(spread**2))
        self.scale_ = np.maximum(spread, _LEAST_SCALE * usual)
        self.training_features_ = self._scaled(rows)
        self.training_distances_ = self._nearest(self.training_features_, patients)
        self.threshold_ = float(np.quantile(self.training_distances_, self.quantile))
        return self

    def distances(self, X):
        """Return how far each image is from the training images.

        Parameters
        ----------
        X : any kind of X that `features` takes
            Images.

        Returns
        -------
        distances : ndarray of shape (n_samples,)
            Large is unlike.
        """
        check_is_fitted(self)
        return self._nearest(self._scaled(self._rows(X)))

    def flag(self, X):
        """Return which images are unlike all training images.

        Parameters
        ----------
        X : any kind of X that `features` takes
            Images.

        Returns
        -------
        flagged : ndarray of shape (n_samples,) of bool
            Where the distance is above `threshold_`.
        """
        return self.distances(X) > self.threshold_

    def _check_others(self, patients, unit):
        """Raise ValueError where a patient has too few images of others to be compared with."""
        others = len(patients) - np.bincount(patients).max()
        if others < self.n_neighbors:
            raise ValueError(
                f"InputGuard needs {self.n_neighbors} images beside those of any {unit} "
                f"(n_neighbors={self.n_neighbors}), but there are {others}: give more images, or "
                "a smaller n_neighbors."
            )

    def _rows(self, X):
        rows = np.asarray(self.features_.transform(X))
        rows = rows.reshape(len(rows), -1)
        return check_array(rows, dtype=np.float64, input_name="the features of InputGuard")

    def _scaled(self, rows):
        return (rows - self.mean_) / self.scale_ if self.metric == "euclidean" else rows

    def _nearest(self, rows, patients=None):
        """Return mean distances to the nearest training rows, of other patients where given."""

        def of_block(block, start):
            if patients is not None:
                same = patients[start : start + len(block), None] == patients
                block = np.where(same, np.inf, block)
            return np.sort(np.partition(block, k - 1)[:, :k]).mean(1)

        k, known = self.n_neighbors, self.training_features_
        return np.concatenate(
            list(pairwise_distances_chunked(rows, known, reduce_func=of_block, metric=self.metric))
        )

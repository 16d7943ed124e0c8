"""Balance classes by choosing rows of any kind of X."""

import numpy as np
from imblearn.base import BaseSampler
from imblearn.utils import check_target_type
from sklearn.base import clone
from sklearn.utils import check_consistent_length, get_tags

from skmedimg._sklearn import HasMethods, take_rows
from skmedimg.images._lazy_images import LazyImages, lazy_if_stored
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import check_rows


class Resample(BaseSampler):
    """Balance classes with a random sampler of imbalanced-learn, on any kind of images.

    imbalanced-learn's samplers take tables. Here the sampler sees a column of row numbers, and the
    rows it chooses are taken: of arrays (n, height, width[, channels]), rows, paths or lazy stacks,
    which stay as they are, undecoded. In a Pipeline this happens when it is fitted, and only then.

    Parameters
    ----------
    sampler : RandomUnderSampler or RandomOverSampler
        Any sampler that chooses rows by their labels alone. One that computes with pixels
        (SMOTE, NearMiss) is refused: the mean of two scans is not a scan. For new images see
        :class:`Augmenter` with ``balance=True``.

    Attributes
    ----------
    sampler_ : estimator
        The fitted clone of `sampler`.
    sample_indices_ : ndarray of shape (n_resampled,)
        The rows chosen. ``groups[sample_indices_]`` and ``sample_weight[sample_indices_]`` belong
        to the returned rows; :class:`Pipeline` does this itself.
    sampling_strategy_ : dict of label to int
        How many rows per class the sampler removed or added, as it counts them.
    image_shape_ : tuple of (height, width, channels) or (n_features,)
        Shape of one image or row; unset for paths.
    n_features_in_ : int
        Number of values of one image or row; unset for paths.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Names of the columns, where X was a DataFrame.

    See Also
    --------
    Augmenter : Fills classes with changed images.

    Examples
    --------
    >>> from imblearn.under_sampling import RandomUnderSampler
    >>> from skmedimg import Resample
    >>> paths = ["a.png", "b.png", "c.png", "d.png", "e.png"]
    >>> labels = ["ill", "well", "well", "ill", "well"]
    >>> resample = Resample(RandomUnderSampler(random_state=0))
    >>> resample.fit_resample(paths, labels)
    (['a.png', 'd.png', 'e.png', 'c.png'], ['ill', 'ill', 'well', 'well'])
    >>> resample.sample_indices_
    array([0, 3, 4, 2])
    """

    _parameter_constraints = {"sampler": [HasMethods(["fit_resample", "get_params"])]}

    # imbalanced-learn's base class needs both; here `sampler` decides.
    _sampling_type = "bypass"
    sampling_strategy = "auto"

    def __init__(self, sampler):
        self.sampler = sampler

    def fit(self, X, y):
        """Choose rows of X that balance the classes of y, without returning them.

        Parameters
        ----------
        X : any kind of X of n rows
            Images, rows, paths or a lazy stack.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        self : Resample
        """
        self._validate_params()
        _, y, _ = self._check_X_y(X, y)
        self._choose(y)
        return self

    def fit_resample(self, X, y):
        """Return rows of X and y that balance the classes.

        Parameters
        ----------
        X : any kind of X of n rows
            Images, rows, paths or a lazy stack.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        X_resampled : of the kind of X, with n_resampled rows
            The rows chosen.
        y_resampled : of the kind of y, with n_resampled rows
            Their labels.
        """
        return super().fit_resample(X, y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.string = True
        tags.input_tags.three_d_array = True
        tags.sampler_tags.sample_indices = True
        return tags

    def _check_X_y(self, X, y):
        y, one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        if list_paths(X) is not None:
            X = np.asarray(X, dtype=object)
        elif isinstance(X := lazy_if_stored(X), LazyImages):
            check_rows(self, X, reset=True)
        else:
            X = check_rows(self, X, reset=True).reshape(np.shape(X))
        # A stand-in of the same length: paths and lazy stacks are not arrays.
        check_consistent_length(np.empty((len(X), 0)), y)
        return X, y, one_vs_all

    def _fit_resample(self, X, y):
        self._choose(y)
        return take_rows(X, self.sample_indices_), y[self.sample_indices_]

    def _choose(self, y):
        """Fit the sampler on row numbers, and keep those it chose."""
        if not _only_chooses(self.sampler):
            raise ValueError(_COMPUTES.format(self.sampler))
        self.sampler_ = clone(self.sampler)
        rows = np.arange(len(y))[:, None]
        chosen, _ = self.sampler_.fit_resample(rows, y)
        if not np.array_equal(chosen[:, 0], self.sampler_.sample_indices_):
            # RandomOverSampler(shrinkage=...) adds noise to the rows it repeats.
            raise ValueError(_COMPUTES.format(self.sampler))
        self.sample_indices_ = self.sampler_.sample_indices_
        self.sampling_strategy_ = self.sampler_.sampling_strategy_


_COMPUTES = (
    "Resample takes samplers that choose rows, RandomUnderSampler() or RandomOverSampler(), but "
    "sampler={} computes with values, and would get row numbers. For new images of small classes "
    "use Augmenter(balance=True)."
)


def _only_chooses(sampler):
    """Return whether a sampler chooses rows and takes strings, with which it cannot compute."""
    tags = get_tags(sampler)
    return tags.input_tags.string and getattr(tags.sampler_tags, "sample_indices", False)

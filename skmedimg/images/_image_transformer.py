"""Base of transformers that return images: they return arrays, whose columns are pixels."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted


class ImageTransformer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base of transformers from images to images; a subclass sets `output_shape_` in `fit`.

    A subclass passes ``auto_wrap_output_keys=None`` too: scikit-learn does not inherit it.
    """

    learns_from_rows = False  # `compare` may run it once for all folds

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def set_output(self, *, transform=None):
        """Accept and ignore the container of the output: images stay arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            Ignored: a stack of images has no columns to name.

        Returns
        -------
        self : estimator
        """
        return self

    def get_feature_names_out(self, input_features=None):
        """Return names of the pixels of the output images, row by row.

        Parameters
        ----------
        input_features : object, default=None
            Ignored.

        Returns
        -------
        names : ndarray (height * width * channels,) of str objects
            ``pixel_{row}_{column}``, and ``_{channel}`` where there are several.
        """
        check_is_fitted(self)
        height, width, channels = self.output_shape_
        places = [f"pixel_{row}_{column}" for row in range(height) for column in range(width)]
        if channels > 1:
            places = [f"{place}_{channel}" for place in places for channel in range(channels)]
        return np.array(places, dtype=object)

"""Display of explanations: images with the maps that explain their predictions."""

import numpy as np

from skmedimg._plotting import plain
from skmedimg._sklearn import final_estimator, steps_before, transform_before
from skmedimg.images._for_display import displayable
from skmedimg.inspection._grad_cam import grad_cam
from skmedimg.inspection._hog_map import hog_map
from skmedimg.inspection._occlusion import occlusion
from skmedimg.inspection._unwrap import (
    before_step,
    network_of,
    split_where_images_end,
    stack_of,
)

METHODS = {"grad-cam": grad_cam, "hog": hog_map, "occlusion": occlusion}


class ExplanationDisplay:
    """Images with their explanation maps: warm colors support the class, cold ones oppose it.

    Parameters
    ----------
    pictures : list of ndarray (height, width) or (height, width, 3) of uint8
        One picture per image and map.
    maps : list of ndarray (height, width)
        Negative values oppose the class.
    captions : list of str
        One caption per picture.
    method : str
        How the maps were made.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    grad_cam, occlusion, hog_map : Make the maps.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.inspection import ExplanationDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = GaussianNB().fit(X.reshape(-1, 64), y)
    >>> display = ExplanationDisplay.from_estimator(model, X[:2], y[:2], plot=False)
    >>> display.method, display.captions
    ('occlusion', ['true: 0, predicted: 0 (100 %)', 'true: 1, predicted: 1 (100 %)'])
    """

    def __init__(self, pictures, maps, captions, method):
        self.pictures = pictures
        self.maps = maps
        self.captions = captions
        self.method = method

    @classmethod
    def from_estimator(cls, model, X, y=None, *, target=None, method="auto", axes=None, plot=True):
        """Compute and draw the maps of a few images for one class.

        Parameters
        ----------
        model : fitted classifier or pipeline
            The model to explain.
        X : any kind of X of the data contract
            Images.
        y : array-like (n,) or None, default=None
            True labels, for the captions.
        target : label or None, default=None
            The class to explain; None takes the predicted one of each image.
        method : {"auto", "grad-cam", "hog", "occlusion"}, default="auto"
            "auto" takes Grad-CAM for convolutional networks, HOG maps for networks and linear
            models on HOG features, and occlusion for all others.
        axes : ndarray of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : ExplanationDisplay
        """
        if method != "auto" and method not in METHODS:
            raise ValueError(f"method={method!r} must be 'auto', 'grad-cam', 'hog' or 'occlusion'.")
        method = _method_for(model) if method == "auto" else method
        maps = METHODS[method](model, X, target=target)
        images = _shown(model, X, method)
        images = images.reshape(*maps.shape, -1)  # from rows, or from any number of channels
        pictures = [displayable(image) for image in images]
        display = cls(pictures, list(maps), _captions(model, X, y), method)
        return display.plot(axes) if plot else display

    def overlays(self, strength=0.55):
        """Return each picture blended with its map.

        Parameters
        ----------
        strength : float, default=0.55
            How much of a picture its map may hide.

        Returns
        -------
        overlays : list of ndarray (height, width, 3) of uint8
        """
        return [
            _blend(picture, heat, strength)
            for picture, heat in zip(self.pictures, self.maps, strict=True)
        ]

    def plot(self, axes=None):
        """Draw each image, and below it the image blended with its map.

        Parameters
        ----------
        axes : ndarray (2, n) of Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : ExplanationDisplay
        """
        n = len(self.pictures)
        if axes is None:
            import matplotlib.pyplot as plt

            axes = plt.subplots(2, n, figsize=(2.0 * n, 4.3), squeeze=False, layout="constrained")[
                1
            ]
        self.axes_ = np.asarray(axes).reshape(2, n)
        self.figure_ = self.axes_[0, 0].figure
        for column, overlay in enumerate(self.overlays()):
            self.axes_[0, column].imshow(self.pictures[column], cmap="gray", vmin=0, vmax=255)
            # On one line the captions of neighbors would run into each other.
            lines = [plain(part, 36) for part in self.captions[column].split(", ")]
            self.axes_[0, column].set_title("\n".join(lines), fontsize=8)
            self.axes_[1, column].imshow(overlay)
        for ax in self.axes_.ravel():
            ax.set_axis_off()
        return self


def _method_for(model):
    """Return the method for a model: one with gradients if possible, else occlusion."""
    final = final_estimator(model)
    # By name, like Conv2d below: neither torch nor HOG is imported to ask.
    steps = [type(step).__name__ for step in steps_before(model)]
    if hasattr(final, "net_") and any(
        type(part).__name__ == "Conv2d" for part in network_of(final).modules()
    ):
        return "grad-cam"
    differentiable = hasattr(final, "net_") or hasattr(final, "coef_")
    return "hog" if "HOG" in steps and differentiable else "occlusion"


def _shown(model, X, method):
    """Return the images in the size of the maps, as the explained step gets them."""
    if method == "grad-cam":
        return stack_of(final_estimator(model), transform_before(model, X))
    if method == "hog":
        [hog] = [step for step in steps_before(model) if type(step).__name__ == "HOG"]
        return stack_of(hog, before_step(model, X, "HOG"))
    return split_where_images_end(model, X)[0]


def _captions(model, X, y):
    """Return the true and the predicted label of each image, and the probability."""
    predicted = model.predict(X)
    captions = [f"predicted: {label!s}" for label in predicted]
    if hasattr(model, "predict_proba"):
        largest = model.predict_proba(X).max(axis=1)
        captions = [f"{text} ({100 * p:.0f} %)" for text, p in zip(captions, largest, strict=True)]
    if y is None:
        return captions
    return [f"true: {true!s}, {text}" for true, text in zip(y, captions, strict=True)]


def _blend(picture, heat, strength):
    """Return a picture (height, width[, 3]) blended with a map, as RGB of uint8."""
    import matplotlib

    gray = picture.astype(float) if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    heat = np.asarray(heat, dtype=float)
    # Scaled by the largest absolute value, so that 0 stays the middle of the color map.
    heat = heat / (np.abs(heat).max() or 1)
    colors = 255 * matplotlib.colormaps["coolwarm"]((heat + 1) / 2)[..., :3]
    # No color where the map is 0; the square root keeps weak regions visible.
    share = strength * np.sqrt(np.abs(heat))[..., None]
    return np.rint((1 - share) * gray + share * colors).astype(np.uint8)

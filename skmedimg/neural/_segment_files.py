"""Masks of image files at the files' own sizes."""

import numpy as np
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import final_estimator, steps_before, transform_before
from skmedimg.images._image_loader import ImageLoader
from skmedimg.images._image_transformer import ImageTransformer
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths
from skmedimg.images._restore_size import restore_mask

# Probabilities of so many files wait in memory at once.
_AT_ONCE = 16


def segment_files(model, paths):
    """Return a mask of each image file, as large as the image in the file.

    `predict` gives masks of the size that the network works at. Here its probabilities are
    interpolated to the size of each file before pixels are assigned to classes, and `postprocess`
    works on the mask of the file.

    Parameters
    ----------
    model : fitted segmenter, or pipeline of an ImageLoader and one
        It needs `predict_proba`.
    paths : sequence of str or os.PathLike, (n,)
        One file per image.

    Returns
    -------
    masks : list of ndarray (height, width)
        Labels of `classes_`; what an `ImageLoader` cropped away is the first of them.

    See Also
    --------
    skmedimg.images.save_mask : Writes a mask as a PNG file that shows and keeps its labels.
    skmedimg.images.object_table : The objects of masks, with their places and sizes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skmedimg import UNetSegmenter
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.neural import segment_files
    >>> data = make_lesions(40, size=32, noise=0.1, random_state=0)
    >>> model = UNetSegmenter(8, max_epochs=2, random_state=0).fit(data.images, data.masks)
    >>> path = Path(tempfile.mkdtemp()) / "scan.png"
    >>> Image.fromarray(data.images[0]).resize((120, 90)).save(path)
    >>> [mask.shape for mask in segment_files(model, [path])]
    [(90, 120)]
    """
    paths = list_paths(paths)
    if paths is None:
        raise TypeError("paths needs a list of paths of images; arrays go to model.predict.")
    segmenter = final_estimator(model)
    is_segmenter = get_tags(segmenter).estimator_type == "segmenter"
    if not is_segmenter or not hasattr(segmenter, "predict_proba"):
        raise TypeError(
            f"model needs to be a segmenter with predict_proba, which {type(segmenter).__name__} "
            "is not: pass one of skmedimg, or a pipeline that ends in one."
        )
    check_is_fitted(segmenter)
    masks = []
    for start in range(0, len(paths), _AT_ONCE):
        masks += _segmented(model, segmenter, paths[start : start + _AT_ONCE])
    return masks


def _segmented(model, segmenter, paths):
    images = _resized(model, segmenter, paths)  # decodes one file, for its shape
    probabilities = segmenter.predict_proba(transform_before(model, paths))
    threshold = _threshold(segmenter) if probabilities.shape[1] == 2 else None
    codes = (
        restore_mask(planes, path, images._options, threshold)
        for planes, path in zip(probabilities, paths, strict=True)
    )
    clean = getattr(_one_of(segmenter), "postprocess", None)
    if clean is not None:
        clean = getattr(clean, "transform", clean)
        codes = (np.asarray(clean(code[None]))[0] for code in codes)
    return [segmenter.classes_[code] for code in codes]


def _resized(model, segmenter, paths):
    """Return LazyImages of the files as the model resizes them."""
    # Models of an ensemble may be pipelines of their own.
    inside = getattr(segmenter, "estimators_", [segmenter])[0]
    steps = [*steps_before(model), *steps_before(inside)]
    steps = [step for step in steps if isinstance(step, ImageTransformer)]
    if not steps:
        shape = _one_of(segmenter).image_shape_
        return LazyImages(paths, size=shape[:2], color="gray" if shape[2] == 1 else "rgb")
    others = [type(s).__name__ for s in steps if not isinstance(s, ImageLoader)]
    if others or len(steps) > 1:
        raise ValueError(
            f"segment_files needs an ImageLoader as the only step that moves pixels, but the model "
            f"has {[type(s).__name__ for s in steps]}: which pixel of a file one of its masks "
            "shows is not known."
        )
    return steps[0]._lazy_images(paths)


def _threshold(segmenter):
    """Return the threshold of two classes; of an ensemble the mean of its models'."""
    models = [final_estimator(each) for each in getattr(segmenter, "estimators_", [segmenter])]
    return float(np.mean([getattr(each, "threshold_", 0.5) for each in models]))


def _one_of(segmenter):
    """Return a segmenter, or the first one of an ensemble."""
    return final_estimator(getattr(segmenter, "estimators_", [segmenter])[0])

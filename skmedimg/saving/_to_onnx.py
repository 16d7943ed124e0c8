"""Models to ONNX: networks, and pipelines whose steps are arithmetic."""

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skmedimg._provenance import describe
from skmedimg._sklearn import final_estimator, steps_before
from skmedimg._training.onnx_export import image_input, on_the_cpu, write_onnx
from skmedimg.networks._export_graphs import Affine, Chosen, MeanOf, Probabilities, Rows
from skmedimg.networks._hog_graph import HogGraph
from skmedimg.saving._save import checked_path

# Steps that do nothing to what is predicted: they read files, or act in `fit` alone.
_LEFT_OUT = ("ImageLoader", "Augmenter", "Resample", "RandomOverSampler", "RandomUnderSampler")


def to_onnx(model, path):
    """Write a fitted network or pipeline as an ONNX file, preprocessing included.

    Of a pipeline, `HOG`, `BackboneFeatures`, scikit-learn's scalers, PCA, `VarianceThreshold`,
    logistic regression, linear discriminants, networks and a `FoldEnsemble` of these are written.
    An `ImageLoader` in front is left out, for ONNX reads no files: the graph begins with the images
    that it gives out. Any other step is refused by name. Where `HOG` comes first, the input is
    pixels as stored, cast to float32.

    Parameters
    ----------
    model : network or pipeline
        The fitted model.
    path : str or os.PathLike
        Needs `pip install "skmedimg[onnx]"`.

    Returns
    -------
    path : str

    See Also
    --------
    skmedimg.neural.ScratchCNN.to_onnx : What goes in and what comes out.
    save : Keeps a model for Python.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import onnxruntime
    >>> from skmedimg import ScratchCNN
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.saving import to_onnx
    >>> data = make_lesions(20, size=16, random_state=0)
    >>> model = ScratchCNN((4,), max_epochs=2, random_state=0).fit(data.images, data.target)
    >>> path = to_onnx(model, Path(tempfile.mkdtemp()) / "cnn.onnx")
    >>> session = onnxruntime.InferenceSession(path)
    >>> [found] = session.run(None, {"images": data.images[..., None]})
    >>> bool(abs(found - model.predict_proba(data.images)).max() < 1e-4)
    True
    """
    path = checked_path(path)
    check_is_fitted(model)
    if hasattr(model, "to_onnx"):
        return model.to_onnx(path)
    steps = _steps(model)
    parts = [part for step in steps for part in _parts(step)]
    example = _example(steps[0])
    facts = {"recipe": describe(model)}
    if hasattr(steps[-1], "classes_"):
        facts["classes"] = steps[-1].classes_.tolist()
        write_onnx(parts, example, path, "probabilities", facts)
    else:
        write_onnx(parts, example, path, "features", facts)
    return path


def _steps(model):
    """Return the steps that the graph is made of."""
    # A threshold is no part of the graph, so wrappers are refused like any other unknown step.
    steps = [*steps_before(model, wrappers=False), final_estimator(model, wrappers=False)]
    kept = [step for step in steps if type(step).__name__ not in _LEFT_OUT]
    if not kept:
        raise TypeError(f"{type(model).__name__} has no step that can be written as ONNX.")
    return kept


def _example(step):
    """Return an example of what comes from outside."""
    if hasattr(step, "estimators_"):
        return _example(_steps(step.estimators_[0])[0])
    if hasattr(step, "_pixels_dtype"):
        return image_input(step)[1]
    if hasattr(step, "image_shape_"):
        return torch.zeros(2, *step.image_shape_)
    return torch.zeros(2, step.n_features_in_)


def _parts(step):
    """Return the modules that compute what a step computes."""
    name = type(step).__name__
    if hasattr(step, "to_onnx"):
        return step._graph()
    if name not in _WRITERS:
        raise TypeError(
            f"step {name} cannot be written as ONNX; steps that can are {', '.join(_WRITERS)} and "
            "the networks. Write the network alone, and compute its input as before."
        )
    return _WRITERS[name](step)


def _ensemble(step):
    graphs = []
    for model in step.estimators_:
        if not np.array_equal(model.classes_, step.classes_):
            raise TypeError("step FoldEnsemble cannot be written as ONNX: a fold lacks a class.")
        graphs.append(nn.Sequential(*[part for each in _steps(model) for part in _parts(each)]))
    return [MeanOf(graphs)]


def _features(step):
    return [image_input(step)[0], Rows(on_the_cpu(step.network_, step.image_shape_))]


def _hog(step):
    if step.channels == "gray" and step.image_shape_[2] > 1:
        raise TypeError(
            "step HOG cannot be written as ONNX with channels='gray': bytes and floats turn gray "
            'differently. Put ImageLoader(color="gray") before it.'
        )
    return [HogGraph(step.image_shape_, step._settings())]


def _standard(step):
    return [_centred(step, step.mean_ if step.with_mean else None, step.scale_)]


def _min_max(step):
    if step.clip:
        raise TypeError("step MinMaxScaler cannot be written as ONNX with clip=True.")
    return [_affine(step.scale_, step.min_)]


def _robust(step):
    return [_centred(step, step.center_, step.scale_)]


def _max_abs(step):
    return [_affine(1 / step.scale_, np.zeros(step.n_features_in_))]


def _pca(step):
    # (x - mean) @ C' is x @ C' - mean @ C': one matrix and one constant, as of every step here.
    matrix = step.components_.T
    if step.whiten:
        matrix = matrix / np.sqrt(step.explained_variance_)
    return [_affine(matrix, -(step.mean_ @ matrix))]


def _threshold(step):
    return [Chosen(torch.from_numpy(step.get_support(indices=True)))]


def _linear(step):
    # One logit for two classes becomes a sigmoid, one per class a softmax, as in scikit-learn.
    return [_affine(step.coef_.T, step.intercept_), Probabilities()]


def _centred(step, center, scale):
    """Return the part that takes the centre away and divides by the scale, where there are any."""
    center = np.zeros(step.n_features_in_) if center is None else center
    scale = np.ones(step.n_features_in_) if scale is None else scale
    return _affine(1 / scale, -center / scale)


def _affine(factor, constant):
    # float32 is what runtimes on devices compute in; predictions agree to about 1e-4.
    numbers = (np.asarray(each, dtype=np.float32) for each in (factor, constant))
    return Affine(*map(torch.from_numpy, numbers))


_WRITERS = {
    "BackboneFeatures": _features,
    "FoldEnsemble": _ensemble,
    "HOG": _hog,
    "LinearDiscriminantAnalysis": _linear,
    "LogisticRegression": _linear,
    "MaxAbsScaler": _max_abs,
    "MinMaxScaler": _min_max,
    "PCA": _pca,
    "RobustScaler": _robust,
    "StandardScaler": _standard,
    "VarianceThreshold": _threshold,
}

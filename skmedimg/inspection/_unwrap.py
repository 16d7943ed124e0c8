"""Find the network in a fitted model, and the images that it gets."""

import copy

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import final_estimator, steps_before, unwrap
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths
from skmedimg.images._shape import resolve_image_shape
from skmedimg.images._validate import as_images, check_images


def before_step(model, X, kind):
    """Return the input of the step of class `kind` in a fitted pipeline."""
    for step in steps_before(model):
        if type(step).__name__ == kind:
            break
        if not hasattr(step, "fit_resample"):
            X = step.transform(X)
    return X


def stack_of(estimator, X):
    """Return images (n, height, width, channels) as an estimator or module takes them, decoded."""
    # Networks check X in a way of their own: pretrained backbones decode paths to their size.
    if hasattr(estimator, "_check_X"):
        images = estimator._check_X(X, reset=False)
    elif hasattr(estimator, "image_shape_"):
        images = check_images(estimator, X, reset=False)
    else:
        images = as_images(X)
    return images.load() if isinstance(images, LazyImages) else images


def split_where_images_end(model, X):
    """Return the decoded images of X, and the rest of the model, which takes them."""
    model = unwrap(model)
    steps = [step for _, step in getattr(model, "steps", [])]
    # Only steps that turn paths into images are applied: patches are covered before the others.
    while _is_paths(X) and len(steps) > 1:
        X, steps = steps[0].transform(X), steps[1:]
    rest = model if not steps else _pipeline_from(model, len(steps))
    return _decoded(rest, X), rest


def network_of(estimator):
    """Return the whole torch module of a fitted estimator, frozen parts included."""
    if hasattr(estimator, "named_modules"):
        return estimator
    check_is_fitted(estimator)
    if not hasattr(estimator, "net_"):
        raise TypeError(
            f"{type(estimator).__name__} is not a network: it has no net_. occlusion() explains "
            "any classifier."
        )
    return estimator.net_.module_


def standardized(final, inputs):
    """Return a tensor of inputs as the module of a fitted network takes them."""
    standardize = final.net_.plan.standardize if hasattr(final, "net_") else None
    return inputs if standardize is None else standardize(inputs)


def inference_copy(module):
    """Return a copy of a torch module in inference mode, which shares all tensors with it.

    Hooks and modes belong to the copy: other threads may use the module meanwhile.
    """
    tensors = [*module.parameters(), *module.buffers()]
    for part in module.modules():
        # Tensors that are plain attributes: torch refuses to copy those computed from others.
        tensors += [value for value in vars(part).values() if hasattr(value, "untyped_storage")]
    # deepcopy takes an object that is in its memo instead of copying it: tensors are shared.
    twin = copy.deepcopy(module, {id(tensor): tensor for tensor in tensors})
    for part in twin.modules():
        part.training = False  # not eval(), which calls train(): frozen parts override that
    return twin


def image_shape_of(images, image_shape=None):
    """Return (height, width, channels) of a stack of images, or of rows that hold images."""
    if images.ndim == 2:
        return resolve_image_shape(image_shape, images.shape[1])
    return tuple(images.shape[1:]) + (1,) * (images.ndim == 3)


def target_columns(estimator, target, scores):
    """Return the column of `scores` that each image is explained for."""
    if target is None:
        return scores.argmax(axis=1)
    # A bare torch module has no labels: targets are positions of logits.
    classes = list(getattr(estimator, "classes_", range(scores.shape[1])))
    if target not in classes:
        raise ValueError(f"target={target!r} is not one of the classes {classes}.")
    return np.full(len(scores), classes.index(target))


def _is_paths(X):
    return not hasattr(X, "load") and list_paths(X) is not None


def _decoded(model, X):
    """Return images as an array; paths are decoded to the size seen in fit."""
    if _is_paths(X):
        X = check_images(final_estimator(model), X, reset=False)
    # A lazy stack; a DataFrame may have a column called load.
    if hasattr(X, "load") and not hasattr(X, "to_numpy"):
        X = X.load()
    return np.asarray(X)


def _pipeline_from(model, count):
    """Return the last `count` steps of a pipeline, one step alone without a pipeline."""
    if count == len(model.steps):
        return model
    return model[-count:] if count > 1 else model.steps[-1][1]

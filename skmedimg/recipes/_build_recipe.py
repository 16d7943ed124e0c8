"""From a row of the catalogue to an ordinary, unfitted pipeline."""

from skmedimg.recipes._catalogue import find_recipe


def load_recipe(name):
    """Return a published system as an ordinary, unfitted pipeline.

    Its last step is called "model", one that reads images "loader" and one that computes oriented
    gradients "hog", in all recipes; so `set_params` changes any of them alike.

    Parameters
    ----------
    name : str
        One of `list_recipes()`.

    Returns
    -------
    pipeline : Pipeline

    See Also
    --------
    list_recipes : All names.
    recipe_card : What the report says, leaves open and gets wrong.

    Notes
    -----
    Architecture, optimizer, epochs and batches are those of the report. Networks from scratch start
    from weights drawn as the report's library draws them; the head of a backbone and the U-Net
    start from torch's. BatchNorm has torch's constants (momentum 0.1 and epsilon 1e-5, where Keras
    has 0.01 and 1e-3).

    Examples
    --------
    >>> from skmedimg.recipes import load_recipe
    >>> load_recipe("digits/hog4-mlp")
    Pipeline(steps=[('hog',
                     HOG(cells_per_block=(1, 1), orientations=4,
                         pixels_per_cell=(4, 4))),
                    ('model',
                     ShallowMLP(batch_size=128, max_epochs=10, optimizer='rmsprop',
                                schedule='constant', starting_weights='glorot'))])

    A backbone's published weights are downloaded when it is fitted; without a network:

    >>> model = load_recipe("brain/vgg16-frozen").set_params(model__weights=None)
    """
    from skmedimg import Pipeline

    steps = find_recipe(name)["steps"]
    return Pipeline([(step, _build(table)) for step, table in steps.items()])


def _build(value):
    """Return the estimator that a table describes; other values as Python has them."""
    if isinstance(value, dict):
        parameters = {name: _build(inner) for name, inner in value.items() if name != "class"}
        return _classes()[value["class"]](**parameters)
    return as_python(value)


def as_python(value):
    """Return a value of the file as an estimator takes it.

    Parameters
    ----------
    value : list, str, bool, int or float

    Returns
    -------
    value : tuple, str, bool, int, float or None

    Examples
    --------
    >>> from skmedimg.recipes._build_recipe import as_python
    >>> as_python([7, 5, 3]), as_python("None")
    ((7, 5, 3), None)
    """
    if isinstance(value, list):
        return tuple(map(as_python, value))
    return None if value == "None" else value


def _classes():
    """The classes that recipes are made of; a name that is not here is no class."""
    from skmedimg import (
        HOG,
        Augmenter,
        ImageLoader,
        ScratchCNN,
        ShallowMLP,
        TransferClassifier,
        UNetSegmenter,
    )

    found = (HOG, Augmenter, ImageLoader, ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter)
    return {found_class.__name__: found_class for found_class in found}

"""From a row of the catalogue to an unfitted pipeline."""

from skmedimg.recipes._catalogue import find_recipe


def load_recipe(name):
    """Return the unfitted pipeline of a published system, by its name.

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
                                schedule='constant', weight_init='glorot'))])

    A backbone's published weights are downloaded when it is fitted; without a network:

    >>> model = load_recipe("brain/vgg16-frozen").set_params(model__weights=None)
    """
    # Imported when used: listing recipes needs neither torch nor scikit-learn.
    from skmedimg import Pipeline

    steps = find_recipe(name)["steps"]
    return Pipeline([(step, _build(table)) for step, table in steps.items()])


def _build(value):
    """Return the estimator that a table of the catalogue describes, or another value."""
    if isinstance(value, dict):
        parameters = {name: _build(inner) for name, inner in value.items() if name != "class"}
        return _classes()[value["class"]](**parameters)
    return as_python(value)


def as_python(value):
    """Return a value of the file as an estimator takes it."""
    if isinstance(value, list):
        return tuple(map(as_python, value))
    return None if value == "None" else value


def _classes():
    """Return the classes that recipes are made of by their names; others cannot be named."""
    from skmedimg import (
        HOG,
        Augmenter,
        ImageLoader,
        ScratchCNN,
        ShallowMLP,
        TransferClassifier,
        UNetSegmenter,
    )
    from skmedimg.recipes._degenerate_output import DegenerateOutputCNN

    classes = (
        *(HOG, Augmenter, ImageLoader, ScratchCNN, DegenerateOutputCNN, ShallowMLP),
        *(TransferClassifier, UNetSegmenter),
    )
    return {kind.__name__: kind for kind in classes}

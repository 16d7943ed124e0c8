"""Build an unfitted pipeline from a row of the catalogue."""

from skmedimg.recipes._catalogue import find_recipe


def load_recipe(name):
    """Return the unfitted pipeline of a reported system, by its name.

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
    recipe_card : Results, gaps and known errors of the report.

    Notes
    -----
    Architecture, optimizer, epochs and batches are those of the report. Networks from scratch start
    from the random initialization of the report's library; the head of a backbone and the U-Net
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
                                schedule='constant', standardize=False,
                                weight_decay=0.0, weight_init='glorot'))])

    A backbone's published weights are downloaded when it is fitted; without a network:

    >>> model = load_recipe("brain/vgg16-frozen").set_params(model__weights=None)
    """
    # Imported when used: listing recipes needs neither torch nor scikit-learn.
    from skmedimg import Pipeline

    steps = find_recipe(name)["steps"]
    return Pipeline([(step, _build(table)) for step, table in steps.items()])


def _build(value):
    """Return the estimator described by a table of the catalogue; other values as for Python."""
    if isinstance(value, dict):
        # Estimators may be parameters of others: ScratchCNN(augment=Augmenter(...)).
        parameters = {name: _build(inner) for name, inner in value.items() if name != "class"}
        return _classes()[value["class"]](**parameters)
    return as_python(value)


def as_python(value):
    """Return a TOML value as Python writes it: tuples for lists, None for "None"."""
    if isinstance(value, list):
        return tuple(map(as_python, value))
    return None if value == "None" else value


def _classes():
    """Return the classes that recipes may name; a catalogue cannot make anything else."""
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

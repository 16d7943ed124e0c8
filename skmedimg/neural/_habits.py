"""Hints for what other libraries write: fit(epochs=), lr=, .summary()."""

import difflib
import functools
import inspect

# What Keras, PyTorch and scikit-learn call a parameter of the constructor.
_PARAMETERS = {
    **dict.fromkeys(("epochs", "n_epochs", "num_epochs", "nb_epoch", "max_iter"), "max_epochs"),
    **dict.fromkeys(("lr", "learning_rate_init", "eta"), "learning_rate"),
    **dict.fromkeys(("hidden_layer_sizes", "layers", "units", "hidden"), "hidden_units"),
    **dict.fromkeys(("alpha", "l2"), "weight_decay"),
    **dict.fromkeys(("input_shape", "input_size"), "image_shape"),
    **dict.fromkeys(("patience",), "n_iter_no_change"),
    **dict.fromkeys(("seed", "random_seed"), "random_state"),
    **dict.fromkeys(("pretrained",), "weights"),
    **dict.fromkeys(("dropout_rate", "drop_rate"), "dropout"),
    **dict.fromkeys(("augmentation", "transform", "data_augmentation"), "augment"),
}
_FIT = {
    "validation_data": "fit(X, y, X_val=X_val, y_val=y_val)",
    "eval_set": "fit(X, y, X_val=X_val, y_val=y_val)",
    "validation_split": "{cls}(early_stopping=True, validation_fraction=0.1)",
}
_METHODS = {
    "summary": "skmedimg.inspection.parameter_table(model)",
    "evaluate": 'model.score(X, y), or skmedimg.compare({"model": model}, X, y) with intervals',
    "save": 'skmedimg.saving.save(model, "model.skmed")',
    "save_weights": 'skmedimg.saving.save(model, "model.skmed")',
    "load_weights": '{cls}(warm_start=True), or skmedimg.saving.load("model.skmed")',
    "compile": "{cls}(optimizer=..., loss=..., learning_rate=...), then model.fit(X, y)",
    "history": "model.history_",
    "predict_classes": "model.predict(X)",
    "fit_generator": "model.fit(paths, y), with paths of images that need not fit into memory",
    "state_dict": "model.net_.module_.state_dict()",
    "parameters": "model.net_.module_.parameters()",
}


class Habits:
    """Mixin whose subclasses name the line to write where they get a name of another library.

    Signatures stay as they are written: for scikit-learn, which reads the parameters from that of
    `__init__`, and for editors.
    """

    def __init_subclass__(cls, **params):
        super().__init_subclass__(**params)
        for name in ("__init__", "fit"):
            if name in vars(cls):
                setattr(cls, name, _with_hints(vars(cls)[name]))

    def __getattr__(self, name):
        """Raise the usual error of a missing attribute, with a hint for names of Keras."""
        if name in _METHODS:
            line = _METHODS[name].replace("{cls}", type(self).__name__)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}. Write {line}.",
                name=name,
                obj=self,
            )
        # again, because Python comes here too where a property raises a message of its own
        return object.__getattribute__(self, name)


def _with_hints(method):
    """Return a method that refuses unknown parameters with the line to write."""
    known = inspect.signature(method).parameters
    if any(each.kind is each.VAR_KEYWORD for each in known.values()):
        return method

    @functools.wraps(method)
    def checked(self, *args, **params):
        for name, value in params.items():
            if name not in known:
                raise TypeError(_refusal(type(self), method.__name__, name, value))
        return method(self, *args, **params)

    return checked


def _refusal(cls, method, name, value):
    """Return the message for an unknown parameter of the constructor or of fit."""
    given = repr(value) if isinstance(value, (int, float, str)) else "..."
    names = cls._get_param_names()
    ours = name if name in names else _PARAMETERS.get(name)
    line = f"{cls.__name__}({ours}={given})"
    if method == "fit":
        head = f"{cls.__name__}.fit has no parameter {name!r}."
        if name in _FIT:
            line = _FIT[name].replace("{cls}", cls.__name__)
            return f"{head} Write {line}."
        if ours in names:
            return f"{head} It belongs to the constructor: write {line}.fit(X, y)."
    else:
        head = f"{cls.__name__} has no parameter {name!r}."
        if ours in names:
            return f"{head} Write {line}."
    close = difflib.get_close_matches(name, names, n=3)
    hint = f"Similar names: {', '.join(close)}." if close else f"There are {', '.join(names)}."
    return f"{head} {hint if close or method != 'fit' else 'See help(' + cls.__name__ + '.fit).'}"

"""imbalanced-learn's Pipeline with optional names, groups, weights and callbacks."""

from functools import wraps

import numpy as np
from imblearn import pipeline
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_memory

from skmedimg._sklearn import (
    CallbackSupportMixin,
    final_estimator_has,
    is_left_out,
    print_elapsed_time,
    routing_enabled,
    with_callbacks,
)
from skmedimg.images._image_loader import follow_masks

__all__ = ["Pipeline", "make_pipeline"]

# Metadata with one entry per sample, which have to be resampled with X and y.
_FOLLOWING = ("groups", "sample_weight")


def _takes_one_list(init):
    """Refuse steps that are given one by one, and say how they are written."""

    @wraps(init)
    def checked(self, *steps, **params):
        if len(steps) > 1:
            words = ", ".join(f"{type(step).__name__}()" for step in steps)
            raise TypeError(
                f"Pipeline takes a list of steps: write Pipeline([{words}]), or "
                f"make_pipeline({words})."
            )
        init(self, *steps, **params)

    return checked


class Pipeline(pipeline.Pipeline, CallbackSupportMixin):
    """Steps applied one after another, from X to predictions; some of them may be samplers.

    It is imbalanced-learn's Pipeline (samplers act in `fit` alone) with additions: names of steps
    are optional; `groups` and `sample_weight` reach the last step without a prefix and follow
    every sampler before it, and so does a validation set, transformed like X; an
    :class:`ImageLoader` that comes first resizes the masks of a segmenter like the images;
    scikit-learn's callbacks reach the last step, epoch by epoch.

    Parameters
    ----------
    steps : list of estimator or of (str, estimator)
        Unnamed steps are called after their class in lower case, a second one "hog_2".
    transform_input : list of str or None, default=None
        Metadata to transform like X, as in scikit-learn; needs metadata routing. `X_val` is
        transformed without it.
    memory : str, joblib.Memory or None, default=None
        Where fitted transformers are cached.
    verbose : bool, default=False
        Print the time every step takes.

    Attributes
    ----------
    named_steps : sklearn.utils.Bunch
        Steps by name.
    classes_ : ndarray (n_classes,)
        Of the last step, when that is a classifier.

    See Also
    --------
    make_pipeline : Return a Pipeline of steps.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import HOG, Pipeline, ShallowMLP
    >>> X, y = load_digits(return_X_y=True)
    >>> hog = HOG(pixels_per_cell=(2, 2))
    >>> model = Pipeline([hog, ShallowMLP(max_epochs=20, random_state=0)]).fit(X, y)
    >>> list(model.named_steps)
    ['hog', 'shallowmlp']
    >>> model.predict(X[:5])
    array([0, 1, 2, 3, 4])
    """

    @_takes_one_list
    def __init__(self, steps, *, transform_input=None, memory=None, verbose=False):
        super().__init__(
            name_steps(steps), transform_input=transform_input, memory=memory, verbose=verbose
        )

    # scikit-learn routes whatever metadata the steps ask for, so `params` has to stay open.
    @with_callbacks
    def fit(
        self,
        X,
        y=None,
        groups=None,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        groups_val=None,
        **params,
    ):
        """Fit every step on the output of the steps before it.

        Parameters
        ----------
        X : any kind of X that the first step takes
            Samples.
        y : array-like (n,) or None, default=None
            Targets.
        groups : array-like (n,) or None, default=None
            Patients, for the last step.
        sample_weight : array-like (n,) or None, default=None
            Weights, for the last step.
        X_val, y_val : like X and y, or None, default=None
            A validation set for the last step, whose X is transformed by the steps before it.
        groups_val : array-like (n_val,) or None, default=None
            Patients of `X_val`, for the last step.
        **params : dict of str to object
            Other metadata: "step__name", or names that steps requested with metadata routing.

        Returns
        -------
        self : Pipeline
        """
        given = {"groups": groups, "sample_weight": sample_weight}
        given |= {"X_val": X_val, "y_val": y_val, "groups_val": groups_val}
        self._fit_all("fit", X, y, given, params)
        return self

    @available_if(pipeline.Pipeline._can_fit_transform)
    @with_callbacks
    def fit_transform(self, X, y=None, groups=None, sample_weight=None, **params):
        """Fit every step, and return X transformed by all of them.

        Parameters
        ----------
        X : any kind of X that the first step takes
            Samples.
        y : array-like (n,) or None, default=None
            Targets.
        groups, sample_weight : array-like (n,) or None, default=None
            Patients and weights, for the last step.
        **params : dict of str to object
            Other metadata: "step__name", or names that steps requested with metadata routing.

        Returns
        -------
        Xt : transformed X
        """
        given = {"groups": groups, "sample_weight": sample_weight}
        return self._fit_all("fit_transform", X, y, given, params)

    @available_if(final_estimator_has("fit_predict"))
    @with_callbacks
    def fit_predict(self, X, y=None, groups=None, sample_weight=None, **params):
        """Fit every step, and return what `fit_predict` of the last one does.

        Parameters
        ----------
        X : any kind of X that the first step takes
            Samples.
        y : array-like (n,) or None, default=None
            Targets.
        groups, sample_weight : array-like (n,) or None, default=None
            Patients and weights, for the last step.
        **params : dict of str to object
            Other metadata: "step__name", or names that steps requested with metadata routing.

        Returns
        -------
        y_pred : ndarray (n,)
        """
        given = {"groups": groups, "sample_weight": sample_weight}
        return self._fit_all("fit_predict", X, y, given, params)

    @available_if(final_estimator_has("score"))
    def score(self, X, y=None, sample_weight=None, **params):
        """Return the score of the last step on X, transformed by the steps before it.

        Parameters
        ----------
        X : any kind of X that the first step takes
            Samples.
        y : array-like (n,) or None, default=None
            Targets.
        sample_weight : array-like (n,) or None, default=None
            Weights, for the last step.
        **params : dict of str to object
            Metadata that steps requested with metadata routing. Without it, what else `score` of
            the last step takes; `groups` are not among it in any estimator of this package.

        Returns
        -------
        score : float
        """
        y = follow_masks(self, X, y)
        if not params or routing_enabled():
            return super().score(X, y, sample_weight, **params)
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        return self.steps[-1][1].score(self._transformed_by_steps(X), y, **params)

    def _fit_all(self, method, X, y, given, params):
        """Fit every step, and return what that method of the last one returns."""
        self._validate_params()
        self._validate_steps()
        root = self._init_callback_context(
            task_name=method.replace("_", "-"), max_subtasks=len(self.steps)
        )
        root.call_on_fit_task_begin(estimator=self, X=X, y=y)
        y = follow_masks(self, X, y)
        given = {name: value for name, value in given.items() if value is not None}
        if "y_val" in given:
            given["y_val"] = follow_masks(self, given.get("X_val"), given["y_val"])
        routed = self._route(method, given, params)
        Xt, yt = self._fit(X, y, routed, raw_params=params, root=root)
        name, last = self.steps[-1]
        task = root.subcontext(task_name=f"{method.replace('_', '-')}-{name}")
        result = Xt
        with print_elapsed_time("Pipeline", self._log_message(len(self.steps) - 1)):
            if is_left_out(last):
                task.call_on_fit_task_begin(estimator=self, X=Xt, y=yt)
                task.call_on_fit_task_end(estimator=self, X=Xt, y=yt)
            else:
                metadata = self._transformed(routed[name], params | given)
                # Samplers have removed or added rows: groups and weights of X no longer fit Xt.
                metadata = {key: self._follow_samplers(values) for key, values in metadata.items()}
                with task.propagate_callback_context(last):
                    task.call_on_fit_task_begin(estimator=self, X=Xt, y=yt)
                    result = _fit_last(method, last, Xt, yt, metadata)
                    task.call_on_fit_task_end(estimator=self, X=Xt, y=yt)
        root.call_on_fit_task_end(estimator=self, X=X, y=y)
        return result

    def _fit(self, X, y=None, routed_params=None, raw_params=None, root=None):
        """Return X and y as the last step gets them, after every step before it was fitted."""
        # imbalanced-learn's, with scikit-learn's callbacks.
        if root is None:  # fit_resample of imbalanced-learn
            self._validate_steps()
            root = self._init_callback_context(max_subtasks=len(self.steps))
        memory = check_memory(self.memory)
        # What listens is no part of the result, and would be another key in every fit.
        of_fit = {"ignore": ["pipeline", "task", "message"]}
        fit_transform = memory.cache(_fit_transform_step, **of_fit)
        fit_resample = memory.cache(_fit_resample_step, **of_fit)
        for index, (name, step) in enumerate(self.steps[:-1]):
            task = root.subcontext(task_name=f"fit-transform-{name}")
            if is_left_out(step):
                with print_elapsed_time("Pipeline", self._log_message(index)):
                    task.call_on_fit_task_begin(estimator=self, X=X, y=y)
                    task.call_on_fit_task_end(estimator=self, X=X, y=y)
                continue
            # Without a cache the very step is fitted, as scikit-learn does it.
            uncached = getattr(memory, "location", memory) is None
            fitted = step if uncached else clone(step)
            metadata = self._get_metadata_for_step(
                step_idx=index, step_params=routed_params[name], all_params=raw_params
            )
            listening = {"pipeline": self, "task": task, "message": self._log_message(index)}
            if hasattr(step, "fit_resample") and not hasattr(step, "transform"):
                X, y, fitted = fit_resample(fitted, X, y, metadata, **listening)
            else:
                X, fitted = fit_transform(fitted, X, y, metadata, **listening)
            self.steps[index] = (name, fitted)
        return X, y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:  # what comes in goes to the first step
            first = get_tags(self.steps[0][1]).input_tags
        except (ValueError, AttributeError, TypeError, IndexError):
            return tags  # steps are checked in fit, and steps of others may have no tags
        tags.input_tags.three_d_array, tags.input_tags.string = first.three_d_array, first.string
        return tags

    def _validate_steps(self):
        """Raise unless `steps` are named estimators, transformers and samplers before the last."""
        if not isinstance(self.steps, (list, tuple)):
            raise TypeError(
                f"steps needs a list of estimators, such as [HOG(), ShallowMLP()], but is a "
                f"{type(self.steps).__name__}."
            )
        if not self.steps:
            raise ValueError("The pipeline is empty. Please add steps.")
        self.steps = list(name_steps(self.steps))  # set_params may have brought unnamed ones
        names, steps = zip(*self.steps, strict=True)
        self._validate_names(names)
        for name, step in self.steps:
            if isinstance(step, type):
                raise TypeError(
                    f"Step {name!r}: Expected an estimator instance ({step.__name__}()), got "
                    f"estimator class instead ({step.__name__})."
                )
        for name, step in self.steps[:-1]:
            if not is_left_out(step):
                _check_intermediate(name, step)
        if not is_left_out(steps[-1]) and not hasattr(steps[-1], "fit"):
            raise TypeError(
                f"Last step of Pipeline should implement fit or be the string 'passthrough'. "
                f"'{steps[-1]}' (type {type(steps[-1])}) doesn't"
            )

    def _route(self, method, given, params):
        """Return the metadata for each step's methods."""
        if routing_enabled():
            return self._check_method_params(method=method, props={**params, **given})
        if self.transform_input is not None:
            raise ValueError(
                f"The `transform_input` parameter can only be set if metadata routing is enabled, "
                f"but is {self.transform_input!r}: write "
                "sklearn.set_config(enable_metadata_routing=True). X_val is transformed without it."
            )
        # Without metadata routing scikit-learn would want prefixes; the last step gets them so.
        routed = self._check_method_params(method=method, props=params)
        name, last = self.steps[-1]
        if given and not is_left_out(last):
            for each in ("fit", "fit_transform", "fit_predict"):
                routed[name][each].update(given)
        return routed

    def _transformed(self, step_params, everything):
        """Return the metadata of the last step's methods, transformed like X where asked for."""
        found = self._get_metadata_for_step(
            step_idx=len(self.steps) - 1, step_params=step_params, all_params=everything
        )
        X_val = found.get("fit", {}).get("X_val")
        if X_val is None or "X_val" in (self.transform_input or ()):
            return found
        X_val = self._transformed_by_steps(X_val)
        return {**found, "fit": {**found["fit"], "X_val": X_val}}

    def _transformed_by_steps(self, X):
        """Return X as the last step gets it when the fitted pipeline predicts."""
        for _, step in self.steps[:-1]:
            if not is_left_out(step) and not hasattr(step, "fit_resample"):
                X = step.transform(X)
        return X

    def _follow_samplers(self, metadata):
        """Return groups and weights of the rows that the samplers kept, in their order."""
        metadata = dict(metadata)
        for name in set(_FOLLOWING) & set(metadata):
            for step_name, step in self.steps[:-1]:
                if hasattr(step, "fit_resample"):
                    rows = _rows_kept(step_name, step, name)
                    metadata[name] = np.asarray(metadata[name])[rows]
        return metadata


def make_pipeline(*steps, transform_input=None, memory=None, verbose=False):
    """Return a Pipeline of steps.

    Parameters
    ----------
    *steps : estimator
        In the order in which they are applied.
    transform_input : list of str or None, default=None
        Metadata to transform like X.
    memory : str, joblib.Memory or None, default=None
        Where fitted transformers are cached.
    verbose : bool, default=False
        Print the time every step takes.

    Returns
    -------
    pipeline : Pipeline

    See Also
    --------
    Pipeline : Steps applied one after another, from X to predictions; some of them may be samplers.

    Examples
    --------
    >>> from skmedimg import HOG, ShallowMLP
    >>> from skmedimg.pipeline import make_pipeline
    >>> list(make_pipeline(HOG(), ShallowMLP()).named_steps)
    ['hog', 'shallowmlp']
    """
    return Pipeline(list(steps), transform_input=transform_input, memory=memory, verbose=verbose)


def name_steps(steps):
    """Return steps as (name, estimator) pairs; a list that has names is returned unchanged."""
    if not isinstance(steps, (list, tuple)):
        return steps  # refused when it is fitted, as scikit-learn does it
    # The same object, because clone checks that __init__ stored what it was given.
    if all(isinstance(step, tuple) for step in steps):
        return steps
    # Given names come first: an unnamed step must not take one of them.
    taken = {step[0] for step in steps if isinstance(step, tuple)}
    return [step if isinstance(step, tuple) else (_new_name(step, taken), step) for step in steps]


def _new_name(step, taken):
    """Return a name for a step that is not in `taken`, and add it there."""
    # The only step that is a string is "passthrough".
    base = name = step if isinstance(step, str) else type(step).__name__.lower()
    number = 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def _rows_kept(step_name, step, metadata_name):
    """Return the positions of the rows that a fitted sampler kept, or raise."""
    if not hasattr(step, "sample_indices_"):
        raise ValueError(
            f"{metadata_name} cannot follow step {step_name!r}: {type(step).__name__} does not "
            f"say which rows it kept (sample_indices_). Use Resample or Augmenter, or leave "
            f"{metadata_name} out."
        )
    return step.sample_indices_


def _check_intermediate(name, step):
    """Raise TypeError unless a step before the last is a transformer or a sampler."""
    transforms = hasattr(step, "transform") and (
        hasattr(step, "fit") or hasattr(step, "fit_transform")
    )
    if transforms == hasattr(step, "fit_resample"):
        raise TypeError(
            f"All intermediate steps should be transformers or samplers, which implement fit and "
            f"transform or fit_resample, or the string 'passthrough'. Step {name!r} is '{step}' "
            f"(type {type(step)})."
        )
    inner = [] if not transforms else [one for _, one in getattr(step, "steps", [])]
    if any(hasattr(one, "fit_resample") for one in inner):
        raise TypeError(
            f"Step {name!r} is a Pipeline with a sampler, which would leave y as it was: put the "
            "sampler into the outer Pipeline."
        )


def _fit_transform_step(step, X, y, metadata, *, pipeline, task, message):
    """Return X transformed by a step that is fitted on it, and the step."""
    with print_elapsed_time("Pipeline", message), task.propagate_callback_context(step):
        task.call_on_fit_task_begin(estimator=pipeline, X=X, y=y)
        Xt = _fit_last("fit_transform", step, X, y, metadata)
        task.call_on_fit_task_end(estimator=pipeline, X=Xt, y=y)
    return Xt, step


def _fit_resample_step(step, X, y, metadata, *, pipeline, task, message):
    """Return X and y resampled by a step, and the step."""
    with print_elapsed_time("Pipeline", message), task.propagate_callback_context(step):
        task.call_on_fit_task_begin(estimator=pipeline, X=X, y=y)
        Xt, yt = step.fit_resample(X, y, **metadata.get("fit_resample", {}))
        task.call_on_fit_task_end(estimator=pipeline, X=Xt, y=yt)
    return Xt, yt, step


def _fit_last(method, step, X, y, metadata):
    """Return what fit, fit_transform or fit_predict of a step returns, with metadata by method."""
    if method == "fit_transform" and not hasattr(step, "fit_transform"):
        fitted = step.fit(X, y, **metadata.get("fit", {}))
        return fitted.transform(X, **metadata.get("transform", {}))
    return getattr(step, method)(X, y, **metadata.get(method, {}))

"""imbalanced-learn's Pipeline with optional names, groups, weights and callbacks."""

import numpy as np
from imblearn import pipeline
from sklearn.utils.metaestimators import available_if

from skmedimg._sklearn import (
    CallbackSupportMixin,
    print_elapsed_time,
    routing_enabled,
    with_callbacks,
)
from skmedimg.images._image_loader import follow_masks

__all__ = ["Pipeline"]

# Metadata with one entry per sample, which have to be resampled with X and y.
_FOLLOWING = ("groups", "sample_weight")


def _can_score(pipeline):
    """Return True, or raise the AttributeError of a last step without `score`."""
    return pipeline.steps[-1][1].score is not None


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
        # imbalanced-learn's fit, with scikit-learn's callbacks and metadata that follows samplers.
        root = self._init_callback_context(max_subtasks=1)
        root.call_on_fit_task_begin(estimator=self, X=X, y=y)
        y = follow_masks(self, X, y)
        y_val = follow_masks(self, X_val, y_val)
        given = {"groups": groups, "sample_weight": sample_weight, "y_val": y_val}
        given |= {"X_val": X_val, "groups_val": groups_val}
        given = {name: value for name, value in given.items() if value is not None}
        routed = self._route(given, params)
        Xt, yt = self._fit(X, y, routed, raw_params=params)
        last_name, last = self.steps[-1]
        # scikit-learn's ways to leave a step out.
        if last not in ("passthrough", None):
            # Samplers have removed or added rows, so groups and weights of X no longer fit Xt.
            metadata = self._follow_samplers(self._transformed(routed[last_name], params | given))
            task = root.subcontext(task_name=f"fit-{last_name}")
            elapsed = print_elapsed_time("Pipeline", self._log_message(len(self.steps) - 1))
            with elapsed, task.propagate_callback_context(last):
                last.fit(Xt, yt, **metadata)
        root.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @available_if(_can_score)
    def score(self, X, y=None, sample_weight=None, **params):
        """Return the score of the last step on X, transformed by the steps before it.

        Parameters
        ----------
        X : any kind of X that the first step takes
        y : array-like (n,) or None, default=None
            Targets.
        sample_weight : array-like (n,) or None, default=None
            Weights, for the last step.
        **params : dict of str to object
            Metadata that steps requested with metadata routing.

        Returns
        -------
        score : float
        """
        return super().score(X, follow_masks(self, X, y), sample_weight, **params)

    def _route(self, given, params):
        """Return the metadata for each step's methods."""
        if routing_enabled():
            return self._check_method_params(method="fit", props={**params, **given})
        if self.transform_input is not None:
            raise ValueError(
                f"transform_input={self.transform_input!r} needs metadata routing: "
                "sklearn.set_config(enable_metadata_routing=True). X_val is transformed without it."
            )
        # Without metadata routing scikit-learn would want prefixes; the last step gets them so.
        routed = self._check_method_params(method="fit", props=params)
        routed[self.steps[-1][0]]["fit"].update(given)
        return routed

    def _transformed(self, step_params, everything):
        """Return the metadata of the last step's `fit`, transformed like X where asked for."""
        metadata = self._get_metadata_for_step(
            step_idx=len(self.steps) - 1, step_params=step_params, all_params=everything
        )["fit"]
        if metadata.get("X_val") is None or "X_val" in (self.transform_input or ()):
            return metadata
        X_val = metadata["X_val"]
        for _, step in self.steps[:-1]:
            if step not in ("passthrough", None) and not hasattr(step, "fit_resample"):
                X_val = step.transform(X_val)
        return {**metadata, "X_val": X_val}

    def _follow_samplers(self, metadata):
        """Return groups and weights of the rows that the samplers kept, in their order."""
        metadata = dict(metadata)
        for name in set(_FOLLOWING) & set(metadata):
            for step_name, step in self.steps[:-1]:
                if hasattr(step, "fit_resample"):
                    rows = _rows_kept(step_name, step, name)
                    metadata[name] = np.asarray(metadata[name])[rows]
        return metadata


def name_steps(steps):
    """Return steps as (name, estimator) pairs; a list that has names is returned unchanged."""
    if not isinstance(steps, (list, tuple)):
        raise TypeError(f"steps needs a list of estimators, but is a {type(steps).__name__}.")
    if not steps:
        raise ValueError("steps is empty; it needs at least one estimator.")
    for step in steps:
        kind = step[-1] if isinstance(step, tuple) and step else step
        if isinstance(kind, type):
            raise TypeError(
                f"steps needs estimators, but has the class {kind.__name__}: write "
                f"{kind.__name__}()."
            )
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

"""Pass patients, weights and other metadata to an estimator whose fit can use them."""

import inspect

from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)

from skmedimg._sklearn import final_estimator, routing_enabled


def groups_for_fit(estimator, groups):
    """Return {parameter of fit: groups}, by which an estimator learns of the patients, or {}.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV, GroupKFold
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmedimg.evaluation.splitting._groups import groups_for_fit
    >>> groups_for_fit(LogisticRegression(), ["ann", "bob"])
    {}
    >>> search = GridSearchCV(LogisticRegression(), {"C": [1, 10]}, cv=GroupKFold(2))
    >>> groups_for_fit(make_pipeline(search), ["ann", "bob"])
    {'gridsearchcv__groups': ['ann', 'bob']}
    """
    name = _parameter(estimator)
    return {} if name is None else {name: groups}


def weights_for_fit(estimator, sample_weight):
    """Return {parameter of fit: weights}, by which an estimator gets the weights, or {}.

    It is for scikit-learn without metadata routing, with which estimators say what they want.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmedimg.evaluation.splitting._groups import weights_for_fit
    >>> weights_for_fit(make_pipeline(LogisticRegression()), [1, 2])
    {'logisticregression__sample_weight': [1, 2]}
    >>> weights_for_fit(KNeighborsClassifier(), [1, 2])
    {}
    """
    name = _weight_parameter(estimator)
    return {} if name is None else {name: sample_weight}


def metadata_router(owner, estimators, cv=None):
    """Return the MetadataRouter of a meta-estimator whose `fit` fits estimators (by name).

    `cv` is the splitter, if there is one.
    """
    router = MetadataRouter(owner=owner).add_self_request(owner)
    router.add(method_mapping=MethodMapping().add(caller="fit", callee="fit"), **estimators)
    if cv is None:
        return router
    to_split = MethodMapping().add(caller="fit", callee="split")
    return router.add(splitter=cv, method_mapping=to_split)


def route_fit(owner, groups, params):
    """Return what the `fit` of `owner.estimator` gets, and what the splitter gets beside groups."""
    given = params if groups is None else {**params, "groups": groups}
    if not routing_enabled():
        extra = {} if groups is None else groups_for_fit(owner.estimator, groups)
        return {**params, **extra}, {}
    routed = process_routing(owner, "fit", **given)
    to_split = routed.get("splitter", {}).get("split", {})
    return dict(routed["estimator"]["fit"]), without_groups(to_split)


def without_groups(metadata):
    """Return metadata of a splitter without the groups, which it gets anyway."""
    return {name: value for name, value in metadata.items() if name != "groups"}


def validation_for_fit(estimator, X, y, groups):
    """Return {parameter of fit: value} of a validation set, where `fit` takes one, else {}.

    A Pipeline takes one for its last step. With metadata routing it has to be requested.
    """
    if routing_enabled():
        wanted = get_routing_for_object(estimator).consumes("fit", ["X_val", "y_val"])
        takes = len(wanted) == 2
    else:
        last = final_estimator(estimator, wrappers=False)
        takes = all("X_val" in inspect.signature(each.fit).parameters for each in (estimator, last))
    if not takes:
        return {}
    return {"X_val": X, "y_val": y, **({} if groups is None else {"groups_val": groups})}


def splits_patients(estimator):
    """Return whether an estimator holds a search whose inner folds ignore the patients."""
    final = final_estimator(estimator, wrappers=False)
    # Inner folds that split patients select the hyperparameters that recognize patients best.
    searches = hasattr(final, "cv") and hasattr(final, "fit")
    return searches and _parameter(final) is None


def _parameter(estimator):
    """Return the parameter of `fit` that takes groups, or None where `fit` has no use for them."""
    if routing_enabled():
        # With metadata routing on, scikit-learn raises
        # on groups that the estimator did not request.
        wanted = get_routing_for_object(estimator).consumes("fit", ["groups"])
        return "groups" if wanted else None
    if hasattr(estimator, "steps"):
        return _parameter_of_last(estimator)
    explicit = "groups" in inspect.signature(estimator.fit).parameters
    # without early stopping nothing inside a fit is split, and not every sampler can be followed
    useful = explicit and getattr(estimator, "early_stopping", True)
    return "groups" if useful or _has_grouped_splitter(estimator) else None


def _parameter_of_last(pipeline):
    name, last = pipeline.steps[-1]
    # Earlier steps are transformers without inner folds; a step may be the text "passthrough".
    inner = None if isinstance(last, str) else _parameter(last)
    if inner is None:
        return None
    # scikit-learn's Pipeline takes groups as <step>__groups; a fit that names `groups` hands it on.
    explicit = "groups" in inspect.signature(pipeline.fit).parameters
    return inner if explicit else f"{name}__{inner}"


def _weight_parameter(estimator):
    """Return the parameter of `fit` that takes weights, or None where `fit` cannot use them."""
    explicit = "sample_weight" in inspect.signature(estimator.fit).parameters
    if hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        inner = None if isinstance(last, str) else _weight_parameter(last)
        return inner if explicit or inner is None else f"{name}__{inner}"
    if explicit:
        return "sample_weight"
    # A search hands keywords of fit on to the estimator that it searches.
    takes_any = any(p.kind is p.VAR_KEYWORD for p in _fit_parameters(estimator))
    searched = getattr(estimator, "estimator", None)
    return _weight_parameter(searched) if takes_any and hasattr(searched, "fit") else None


def _has_grouped_splitter(estimator):
    """Return whether a search hands keywords of `fit` on to a `cv` that takes groups."""
    splitter = getattr(estimator, "cv", None)
    if not hasattr(splitter, "get_metadata_routing"):
        return False
    # GridSearchCV.fit(X, y, **params) hands its keywords to the splitter and names none of them.
    takes_any = any(p.kind is p.VAR_KEYWORD for p in _fit_parameters(estimator))
    return takes_any and bool(get_routing_for_object(splitter).consumes("split", ["groups"]))


def _fit_parameters(estimator):
    return inspect.signature(estimator.fit).parameters.values()

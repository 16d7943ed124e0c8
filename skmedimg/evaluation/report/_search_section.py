"""Section of a report on searches: what was tried, what was chosen, and what it is worth."""

from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation.report._report_context import Figure
from skmedimg.evaluation.report._svg import restyled_svg

_FEWEST = 2  # complete trials that can be drawn against each other
_SIZE = (4.6, 3.0)


def searches_section(context):
    """Return what the searches tried, for those that were given fitted."""
    searches = {name: model for name, model in context.models.items() if _is_search(model)}
    return [
        _search(context, name, search, f"s{place}")
        for place, (name, search) in enumerate(searches.items())
    ] or None


def _is_search(model):
    """Return whether a model is a fitted search."""
    return hasattr(model, "cv_results_") and hasattr(model, "best_params_")


def _search(context, name, search, key):
    """Return trials, choice and plots of one search, beside the score of this comparison."""
    comparison, results = context.comparison, search.cv_results_
    states = list(results.get("state", ()))
    best_score = getattr(search, "best_score_", None)
    known = best_score is not None and name in context.complete
    chosen = getattr(search, "best_name_", "")
    rows = [[parameter, _value(value)] for parameter, value in search.best_params_.items()]
    return {
        "name": name,
        "tried": len(results["params"]),
        "pruned": states.count("pruned"),
        "failed": states.count("fail"),
        "best_score": best_score,
        "metric": comparison.metric().title,
        "honest": comparison.interval(name).mean if known else None,
        "chosen": Table(
            ["Parameter", "Value"],
            rows,
            f"Chosen: {chosen}" if chosen else "Chosen",
            text_columns=(0, 1),
        ),
        "plots": _plots(search, key) if hasattr(search, "study_") else [],
    }


def _value(value):
    """Return a parameter's value as text."""
    return f"{value:.4g}" if isinstance(value, float) else f"{value!r}"


def _plots(search, key):
    """Return the Figures of a study: its history and, per estimator, its parameters."""
    plots = [_plot(search, "history", None, f"{key}h")]
    names = search.cv_results_.get("estimator", ())
    complete = search.cv_results_["state"] == "complete"
    for place, name in enumerate(sorted(set(names)) or [None]):
        of_name = complete if name is None else complete & (names == name)
        if of_name.sum() >= _FEWEST:
            plots.append(_plot(search, "parallel", name, f"{key}p{place}"))
            plots.append(_plot(search, "importances", name, f"{key}i{place}"))
    return [each for each in plots if each is not None]


def _plot(search, kind, name, key):
    """Return the Figure of one of optuna's plots, or None where there is nothing to draw."""
    of = "" if name is None else f" of {name}"
    alt = {
        "history": "Every trial and the best so far.",
        "parallel": f"The trials{of}, one line each: dark ones score high.",
        "importances": f"Share of the score's variance over the trials{of} due to each parameter.",
    }[kind]
    try:
        return Figure(restyled_svg(lambda: search.plot(kind, name=name), _SIZE, alt, key), alt)
    except (RuntimeError, ValueError):  # equal trials: no importance can be computed
        return None

"""Section of a report on searches: what was tried, what was chosen, and what it is worth."""

from skmedimg.evaluation.report._html import number, section, table, tag
from skmedimg.evaluation.report._report_context import paragraph
from skmedimg.evaluation.report._svg import restyled_svg

_FEWEST = 2  # complete trials that can be drawn against each other
_SIZE = (4.6, 3.0)


def searches_section(source):
    """Return what the searches tried, for those that were handed over fitted.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment or None
    """
    searches = {name: model for name, model in source.models.items() if _is_search(model)}
    if not searches:
        return None
    parts = [part for key, (name, search) in enumerate(searches.items())
             for part in _search(source, name, search, f"s{key}")]  # fmt: skip
    return section("What was searched", *parts, anchor="searches")


def _is_search(model):
    return hasattr(model, "cv_results_") and hasattr(model, "best_params_")


def _search(source, name, search, key):
    yield tag("h3", name)
    yield paragraph(*_told(source, name, search))
    rows = [[parameter, _shown(value)] for parameter, value in search.best_params_.items()]
    chosen = getattr(search, "best_name_", "")
    caption = f"Chosen: {chosen}" if chosen else "Chosen"
    yield table(["Parameter", "Value"], rows, caption=caption, numbers=set())
    if hasattr(search, "study_"):
        yield tag("div.plots", *_pictures(search, key))


def _shown(value):
    return f"{value:.4g}" if isinstance(value, float) else f"{value!r}"


def _told(source, name, search):
    """Yield how much was tried, and why the best score among it is no result."""
    tried = len(search.cv_results_["params"])
    yield f"On the first training set {tried} candidates were tried{_states(search)}. "
    score = getattr(search, "best_score_", None)
    if score is None or name not in source.answered:
        return
    comparison = source.comparison
    yield (
        f"The best of them scored {number(score)} in the folds of the search. It was chosen for "
        "being the highest, so as a rule it is too good. On rows that no trial saw, this report "
        f"finds {comparison.metric().title} {number(comparison.interval(name).mean)}, from a "
        "search of its own in every training set."
    )


def _states(search):
    states = search.cv_results_.get("state")
    if states is None:
        return ""
    words = {"pruned": "stopped early", "fail": "failed"}
    counts = {said: int((states == state).sum()) for state, said in words.items()}
    told = [f"{count} {said}" for said, count in counts.items() if count]
    return f" ({', '.join(told)})" if told else ""


def _pictures(search, key):
    yield _picture(search, "history", None, f"{key}h")
    names = search.cv_results_.get("estimator", ())
    complete = search.cv_results_["state"] == "complete"
    for place, name in enumerate(sorted(set(names)) or [None]):
        mine = complete if name is None else complete & (names == name)
        if mine.sum() >= _FEWEST:
            yield _picture(search, "parallel", name, f"{key}p{place}")
            yield _picture(search, "importances", name, f"{key}i{place}")


def _picture(search, kind, name, key):
    """Return one of optuna's pictures, or None where it finds nothing to draw."""
    of = "" if name is None else f" of {name}"
    words = {
        "history": "Every trial and the best so far.",
        "parallel": f"The trials{of}, a line each: dark ones score high.",
        "importances": f"Share of the difference between the trials{of} that is each parameter's.",
    }[kind]
    try:
        drawing = restyled_svg(lambda: search.plot(kind, name=name), _SIZE, words, key)
    except (RuntimeError, ValueError):  # trials that are all alike tell nothing of parameters
        return None
    return tag("figure", drawing, tag("figcaption", words))

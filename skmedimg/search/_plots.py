"""Plots of a study, drawn by optuna with matplotlib."""

import warnings

import optuna

from skmedimg.search._study_storage import silence_optuna

KINDS = {
    "history": "plot_optimization_history",
    "importances": "plot_param_importances",
    "parallel": "plot_parallel_coordinate",
    "slice": "plot_slice",
    "epochs": "plot_intermediate_values",
}


def plot_study(study, trials, kind, metric, position):
    """Return the axes of one kind of plot of some trials; `position` is the metric's objective."""
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} needs one of {sorted(KINDS)}.")
    with silence_optuna():
        shown = optuna.create_study(directions=[each.name.lower() for each in study.directions])
    # A study in memory with the trials to show: optuna's plots have no filter.
    shown.add_trials(trials)
    draw = getattr(optuna.visualization.matplotlib, KINDS[kind])
    options = {} if kind == "epochs" else {"target_name": metric}
    if len(study.directions) > 1:
        options["target"] = lambda trial: trial.values[position]
    import matplotlib

    # optuna sets a style sheet for the whole process
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # a parameter that had one value in all trials
        warnings.filterwarnings("ignore", "Attempting to set identical low and high", UserWarning)
        return draw(shown, **options)

"""Pictures of a study, drawn by optuna with matplotlib."""

import warnings

import optuna

from skmedimg.search._study_storage import quiet

KINDS = {
    "history": "plot_optimization_history",
    "importances": "plot_param_importances",
    "parallel": "plot_parallel_coordinate",
    "slice": "plot_slice",
    "epochs": "plot_intermediate_values",
}


def plot_study(study, trials, kind, metric, objective):
    """Draw one kind of picture of some trials of a study.

    Parameters
    ----------
    study : optuna.Study
    trials : list of optuna.trial.FrozenTrial
    kind : str
        A key of `KINDS`.
    metric : str
        The objective's name.
    objective : int
        Its position among the objectives.

    Returns
    -------
    ax : matplotlib Axes or ndarray of them
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} needs one of {sorted(KINDS)}.")
    with quiet():
        part = optuna.create_study(directions=[each.name.lower() for each in study.directions])
    part.add_trials(trials)
    draw = getattr(optuna.visualization.matplotlib, KINDS[kind])
    options = {} if kind == "epochs" else {"target_name": metric}
    if len(study.directions) > 1:
        options["target"] = lambda trial: trial.values[objective]
    import matplotlib

    # optuna sets a style sheet for the whole process
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Attempting to set identical low and high", UserWarning)
        return draw(part, **options)

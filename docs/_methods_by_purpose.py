"""The methods of classes that have many, in groups by purpose, for the top of their pages."""

import inspect

import skmedimg

PURPOSES = {
    "skmedimg.evaluation.Comparison": {
        "Scores": ("summary", "interval", "values", "metric", "ranked", "best", "baseline"),
        "Conclusions": ("tests", "how_many"),
        "Clinical numbers": (
            *("at", "specificity_at", "net_benefit", "expected_cost", "calibration"),
        ),
        "Patients and subgroups": ("by_patient", "by", "table_one"),
        "Predictions": (
            *("predictions", "probabilities", "decision_scores", "truth", "rows", "confusion"),
            "report",
        ),
        "Plots and tables": ("plot", "to_frame", "costs", "histories"),
        "Other hospitals": ("validate", "drops", "sites", "robustness"),
        "Files": ("to_html", "to_json", "from_json"),
    }
}


def methods_by_purpose():
    """Return full name -> (purpose, methods) of the classes above; new methods are "Others".

    Returns
    -------
    groups : dict of str to list of (str, list of str)
    """
    return {name: list(_groups(name, purposes)) for name, purposes in PURPOSES.items()}


def _groups(name, purposes):
    package, module, kind = name.split(".")
    there = [
        member
        for member, value in inspect.getmembers(getattr(getattr(skmedimg, module), kind))
        if member[0] != "_" and (inspect.isroutine(value) or isinstance(value, property))
    ]
    for purpose, names in purposes.items():
        yield purpose, [member for member in names if member in there]
    named = {member for names in purposes.values() for member in names}
    yield "Others", [member for member in there if member not in named]

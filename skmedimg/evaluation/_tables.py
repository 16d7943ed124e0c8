"""Tables of a comparison: DataFrames, and the text it prints as."""

from dataclasses import asdict

import numpy as np

from skmedimg.evaluation._html_tables import metrics_shown, score_table
from skmedimg.evaluation._records import Costs
from skmedimg.evaluation._render import render
from skmedimg.evaluation._text import counted, lay_out
from skmedimg.evaluation.clinical._natural_frequencies import natural_frequencies
from skmedimg.evaluation.external._score_drop import score_drop
from skmedimg.evaluation.scores._coded_predictions import code_predictions
from skmedimg.evaluation.scores._pooled_counts import averaged_values
from skmedimg.evaluation.scores._undefined_distances import undefined_distances
from skmedimg.evaluation.statistics._intervals import interval_of

_WIDE = 0.10  # ten points of a score between 0 and 1
_SHOWN = 4  # scores in the printed form; the rest is in summary()


def summary_frame(comparison, metrics=None, confidence=0.95):
    """Return the DataFrame of `Comparison.summary`, the best estimator first."""
    import pandas as pd

    chosen = [comparison.metric(name) for name in metrics or [m.name for m in comparison.metrics]]
    rows = {
        name: _summary_row(comparison, name, chosen, confidence)
        for name in comparison.ranked(chosen[0].name)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("estimator")
    frame.attrs["warnings"] = [str(warning) for warning in comparison.warnings]
    return frame


def comparison_frame(comparison, what):
    """Return the DataFrame of `Comparison.to_frame`."""
    frames = {
        "scores": _score_frame,
        "fits": _fit_frame,
        "predictions": _prediction_frame,
        "patients": _patient_frame,
    }
    if what not in frames:
        raise ValueError(f"what={what!r} must be 'scores', 'fits', 'predictions' or 'patients'.")
    return frames[what](comparison)


def _score_frame(comparison):
    """Return a DataFrame with one row per estimator, split and metric."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "estimator": result.name,
                "repeat": result.split.repeat,
                "fold": result.split.fold,
                **({"site": result.split.name} if _has_sites(comparison) else {}),
                "metric": metric,
                "value": value,
            }
            for name in comparison.names
            for result in comparison.fold_results[name]
            for metric, value in result.scores.items()
        ]
    )


def _fit_frame(comparison):
    """Return a DataFrame with one row per estimator and split: what each fit took."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "estimator": result.name,
                "repeat": result.split.repeat,
                "fold": result.split.fold,
                **({"site": result.split.name} if _has_sites(comparison) else {}),
                "fit_time": result.fit_time,
                "score_time": result.score_time,
                "memory": result.memory,
                "parameters": (result.parameters or {}).get("all"),
                "trainable": (result.parameters or {}).get("trainable"),
                "epochs": None if result.history is None else len(result.history),
                "failure": result.failure,
            }
            for name in comparison.names
            for result in comparison.fold_results[name]
        ]
    )


def _prediction_frame(comparison):
    """Return a DataFrame with one row per repeat and tested row: truth, patient, predictions."""
    import pandas as pd

    if comparison.task != "classification":
        raise ValueError("Masks do not fit a table: use predictions(name).")
    repeats = sorted({split.repeat for split in comparison.splits})
    frames = [pd.DataFrame(_prediction_columns(comparison, repeat)) for repeat in repeats]
    return pd.concat(frames, ignore_index=True)


def _patient_frame(comparison):
    """Return a DataFrame with one row per segmenter and patient: means over images and repeats."""
    import pandas as pd

    if comparison.task != "segmentation" or comparison.groups is None:
        raise ValueError(
            "to_frame('patients') needs masks and groups; of labels, by_patient() scores patients."
        )
    metrics = [metric.name for metric in comparison.metrics if not metric.from_scorer]
    parts = []
    for name in comparison.names:
        for result in comparison.fold_results[name]:
            if not result.failed:
                rows = result.split.test
                ones = np.ones((1, len(rows)))
                coded = code_predictions(comparison, result.split, result.predictions, ones)
                values = {metric: coded.per_image(metric) for metric in metrics}
                columns = {"estimator": name, "patient": comparison.groups[rows], "row": rows}
                parts.append(pd.DataFrame(columns | values))
    grouped = pd.concat(parts).groupby(["estimator", "patient"], sort=False)
    images = grouped["row"].nunique().rename("images")
    return pd.concat([images, grouped[metrics].mean()], axis=1).reset_index()


def comparison_text(comparison):
    """Return the text a comparison prints as."""
    metrics = metrics_shown(comparison)[:_SHOWN]
    head = ["", *(metric.title for metric in metrics), "fit s"]
    rows = [_printed_row(comparison, name, metrics) for name in comparison.ranked()]
    notes = [f"Warning: {warning}" for warning in comparison.warnings]
    more = f"{_order(comparison)}summary() has every score, tests() says what may be concluded."
    sentence = natural_frequencies(comparison)
    external = external_lines(comparison)
    lines = [_title(comparison), sentence, lay_out([head, *rows]), *external, *notes, more]
    return "\n".join(line for line in lines if line)


def comparison_html(comparison):
    """Return what a notebook shows of a comparison, as an HTML fragment."""
    metrics = [metric.name for metric in metrics_shown(comparison)[:_SHOWN]]
    # The first metric of a summary sorts it.
    scores = summary_frame(comparison, [comparison.metric().name, *metrics])
    return render(
        "comparison.html",
        {
            "title": _title(comparison),
            "sentence": natural_frequencies(comparison),
            "table": score_table(comparison, scores, metrics),
            "warnings": comparison.warnings,
        },
    )


def external_lines(comparison):
    """Yield a line per external set and estimator: its score there, and how much it loses."""
    title = comparison.metric().title
    for place, evaluation in comparison.external.items():
        rows = counted(evaluation.y, "sample")
        for name in comparison.ranked():
            if name != comparison.baseline:
                found = with_limits(evaluation.interval(name))
                drop = with_limits(score_drop(comparison.interval(name), evaluation.interval(name)))
                yield f"{place} ({rows}), {name}: {title} {found}, a drop of {drop}"


def _order(comparison):
    """Return what sorts a table whose first column does not, as a sentence."""
    primary = comparison.metric()
    same = metrics_shown(comparison)[0].name == primary.name
    return "" if same else f"Sorted by {primary.title}. "


def ranked_names(comparison, metric):
    """Return the names of the estimators by the mean of a Metric, the best first."""
    if metric.target is not None:
        found = {name: averaged_values(comparison, name, metric.name) for name in comparison.names}
        known = {name: values[np.isfinite(values)] for name, values in found.items()}
        away = {n: abs(v.mean() - metric.target) if len(v) else np.inf for n, v in known.items()}
        return sorted(comparison.names, key=away.get)
    sign = -1 if metric.higher_is_better else 1  # what sorts is worse when larger
    values = {n: sign * averaged_values(comparison, n, metric.name) for n in comparison.names}
    # A failed fit is never ahead of one that succeeded: error_score=0 would be a perfect log loss.
    of_failed = _largest([sign * comparison.error_score, *np.concatenate([*values.values()])])

    def key(name):
        n_failed = sum(result.failed for result in comparison.fold_results[name])
        sorting = np.append(values[name], np.repeat(of_failed, n_failed))
        known = sorting[np.isfinite(sorting)]
        return known.mean() if len(known) else np.inf  # no score: last

    return sorted(comparison.names, key=key)


def _largest(values):
    """Return the largest of the finite values, nan without any."""
    return max((value for value in values if np.isfinite(value)), default=np.nan)


def estimator_costs(comparison, name):
    """Return the Costs of one estimator."""
    results = comparison.fold_results[name]
    # The first fit that can be counted stands for all; one that failed has nothing to count.
    counts = next((each.parameters for each in results if each.parameters), {})
    return Costs(
        _median([each.fit_time for each in results]),
        _median([each.score_time for each in results]),
        comparison.shared_times.get(name, 0.0),
        _median([each.memory for each in results]),
        counts.get("all"),
        counts.get("trainable"),
    )


def _summary_row(comparison, name, metrics, confidence):
    row, notes = {}, []
    for metric in metrics:
        found = interval_of(comparison, name, metric.name, confidence)
        row |= {metric.name: found.mean, f"{metric.name} low": found.low}
        row[f"{metric.name} high"] = found.high
        counts = undefined_distances(comparison.fold_results[name], metric.name)
        notes += [f"{title} {count}" for title, count in counts]
    failed = sum(result.failed for result in comparison.fold_results[name])
    if failed:
        notes.append(f"failed on {failed} of {counted(comparison.splits, 'split')}")
    # A score without an upper limit (a distance in pixels) has no points.
    width = row[f"{metrics[0].name} high"] - row[f"{metrics[0].name} low"]
    if metrics[0].high is not None and width > _WIDE:
        notes.append(f"interval {100 * width:.0f} points wide")
    costs = asdict(comparison.costs(name))
    costs.pop("memory")  # nan on most systems: to_frame("fits") and the report have it
    return row | costs | {"baseline": name == comparison.baseline, "warnings": "; ".join(notes)}


def _prediction_columns(comparison, repeat):
    rows = comparison.rows(repeat)
    # Rows that no fold tested stay unset and are not shown.
    folds = np.empty(len(comparison.y), dtype=int)
    for split in comparison.splits:
        if split.repeat == repeat:
            folds[split.test] = split.fold
    columns = {"row": rows, "repeat": np.full(len(rows), repeat), "fold": folds[rows]}
    if _has_sites(comparison):
        names = np.array([split.name for split in comparison.splits])
        columns["site"] = names[folds[rows]]
    if comparison.groups is not None:
        columns["group"] = comparison.groups[rows]
    return columns | {"truth": comparison.y[rows], **comparison.predictions(repeat=repeat)}


def _title(comparison):
    repeats = comparison.splits[-1].repeat + 1
    folds = counted(comparison.splits, "split")
    folds += f" in {repeats} repeats" if repeats > 1 else ""
    if _has_sites(comparison):
        folds = f"{counted(comparison.splits, 'site')}, each left out of training"
    patients = ""
    if comparison.groups is not None:
        patients = f" of {counted(len(np.unique(comparison.groups)), 'patient')}"
    rows = counted(len(comparison.y), "sample")
    return f"{counted(comparison.names, 'estimator')}, {rows}{patients}, {folds}"


def _has_sites(comparison):
    return all(split.name is not None for split in comparison.splits)


def _printed_row(comparison, name, metrics):
    scores = [with_limits(comparison.interval(name, metric.name)) for metric in metrics]
    baseline = " (baseline)" if name == comparison.baseline else ""
    return [f"{name}{baseline}", *scores, f"{comparison.costs(name).fit_time:.2f}"]


def with_limits(found):
    if not np.isfinite(found.mean):
        return "-"
    limits = f" [{found.low:.3f}, {found.high:.3f}]" if np.isfinite(found.low) else ""
    return f"{found.mean:.3f}{limits}"


def _median(values):
    """Return the median of the finite values: the first fit of a process also loads libraries."""
    values = np.asarray(values, dtype=float)
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan

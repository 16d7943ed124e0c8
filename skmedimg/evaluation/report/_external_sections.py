"""Sections of a report on other hospitals: external sets, and sites that were left out."""

import numpy as np

from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation._render import number
from skmedimg.evaluation._text import capitalized
from skmedimg.evaluation.external._site_scores import heterogeneity

_FAR = 0.5  # standard deviations that are named in the text
_LINE = ("calibration_intercept", "calibration_slope")
_CALIBRATED = ("log_loss", "brier", "ece")


def external_section(context):
    """Return the scores on every external set, and how it differs; None without one."""
    comparison = context.comparison
    return [
        {
            "name": name,
            "drops": [_drops(context, name, metric) for metric in comparison.metrics],
            "warnings": evaluation.warnings,
            "far": [f"{row.name} ({row.difference:+.1f})" for row in _far(evaluation)],
            "shift": _shift(evaluation) if evaluation.shift else None,
            "calibration": _calibration(context, evaluation),
        }
        for name, evaluation in comparison.external.items()
    ] or None


def sites_section(context):
    """Return the scores at every site that was left out; None where splits have no names."""
    comparison = context.comparison
    if any(split.name is None for split in comparison.splits) or len(comparison.splits) < 2:
        return None
    found = {name: comparison.sites(name) for name in context.estimators}
    best = found[comparison.best]
    means = ", ".join(f"{each.site} {number(each.interval.mean)}" for each in best.sites)
    title = capitalized(best.metric.title)
    figure = context.plot(
        lambda ax: best.plot(ax),
        (6.4, 1.3 + 0.36 * len(best.sites)),
        f"Forest plot of {title} of {best.estimator} by site: {means}.",
        "sites",
    )
    return {
        "best": best.estimator,
        "title": title,
        "metric": best.metric.title,
        "figure": figure,
        "table": _site_table(found, title),
        "sentences": [*heterogeneity(best), *best.notes],
        "new": None if best.pooled is None or np.isnan(best.pooled.new_low) else best.pooled,
    }


def _drops(context, name, metric):
    """Return the Table of scores inside and outside by one metric."""
    drops = context.comparison.drops(metric.name).loc[name]
    rows = [
        [model, *(_limits(drops.loc[model], part) for part in ("internal", "external", "drop"))]
        for model in context.estimators
    ]
    head = ["Model", "Development", name, "Drop"]
    return Table(head, rows, f"{capitalized(metric.title)}, with 95 % intervals")


def _limits(row, part):
    return {"mean": row[part], "low": row[f"{part} low"], "high": row[f"{part} high"]}


def _far(evaluation):
    """Return the ShiftRows that differ most, the largest difference first."""
    rows = [row for row in evaluation.shift if abs(row.difference) >= _FAR]
    return sorted(rows, key=lambda row: -abs(row.difference))


def _shift(evaluation):
    """Return the Table of how a set differs from the development data."""
    rows = [
        [row.name, *_cells(row), "" if np.isnan(row.difference) else f"{row.difference:+.2f}"]
        for row in evaluation.shift
    ]
    head = ["", "Development", evaluation.set_name, "Difference, SD"]
    return Table(head, rows, "How the set differs: number, share, or mean (SD)")


def _cells(row):
    """Return both values of a ShiftRow as text."""
    pairs = ((row.development, row.development_sd), (row.external, row.external_sd))
    for value, deviation in pairs:
        if row.kind == "count":
            yield "–" if np.isnan(value) else f"{int(value):,}"
        elif row.kind == "share":
            yield f"{value:.1%}"
        else:
            yield f"{value:.3g} ({deviation:.2g})"


def _calibration(context, evaluation):
    """Return the Table of calibration and of what recalibration gains; None without two classes."""
    names = [n for n in context.estimators if evaluation.fold_results[n][0].has_probabilities]
    if evaluation.pos_label is None or not names:
        return None
    line, again = evaluation.calibration(), evaluation.recalibrate()
    known = {metric.name: metric.title for metric in again.metrics}
    errors = [name for name in _CALIBRATED if name in known][:2]
    head = ["Model", "Intercept", "Slope"]
    head += [f"{capitalized(known[name])}{when}" for name in errors for when in ("", ", after")]
    rows = []
    for name in names:
        row = [name, *(_limits(line.loc[name], part) for part in _LINE)]
        for error in errors:
            row += [evaluation.interval(name, error).mean, again.interval(name, error).mean]
        rows.append(row)
    return Table(head, rows, "Calibration, and errors after recalibration")


def _site_table(found, title):
    """Return the Table of every model at every site."""
    sites = [each.site for each in next(iter(found.values())).sites]
    head = ["Model", *sites, "Mean of sites", "A new site", "I2"]
    rows = []
    for name, scores in found.items():
        row = [
            name,
            *(
                {"mean": s.interval.mean, "low": s.interval.low, "high": s.interval.high}
                for s in scores.sites
            ),
        ]
        pooled = scores.pooled
        if pooled is None:
            rows.append([*row, None, None, None])
            continue
        row.append({"mean": pooled.mean, "low": pooled.low, "high": pooled.high})
        new = np.isfinite(pooled.new_low)
        row.append(f"{pooled.new_low:.3f} to {pooled.new_high:.3f}" if new else None)
        rows.append([*row, f"{pooled.i2:.0%}"])
    return Table(head, rows, f"{title} at each site, left out of training, with 95 % intervals")

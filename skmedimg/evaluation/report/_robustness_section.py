"""Section of a report on robustness: scores on perturbed test images, by severity."""

from skmedimg.evaluation._html_tables import Table, interval_cell
from skmedimg.evaluation._render import number
from skmedimg.evaluation._text import capitalized
from skmedimg.evaluation.robustness._robustness_display import draw_severities

_SIZE = (4.2, 2.7)  # inches, of one perturbation


def robustness_section(context):
    """Return a severity curve per perturbation, and what each costs at most; None without any."""
    found = context.robustness
    if found is None:
        return None
    metric = found.comparison.metric()
    frame = found.to_frame(metric.name)
    title = capitalized(metric.title)
    curves = [(name, _curve(context, frame, name, metric)) for name in found.values]
    worst = frame.loc[frame["drop"].idxmax()] if frame["drop"].notna().any() else None
    return {
        "metric": metric.title,
        "curves": curves,
        "worst": None if worst is None else worst.to_dict(),
        "table": _strongest(frame, title),
    }


def _curve(context, frame, perturbation, metric):
    """Return the Figure of one perturbation."""
    found = context.robustness
    rows = frame[frame.perturbation == perturbation]

    def draw(ax):
        draw_severities(ax, found, frame, perturbation, metric)
        ax.tick_params(labelsize=10)  # the size of text in all plots of a report
        ax.set_ylabel(capitalized(metric.title))
        if len(found.names) > 1:
            ax.legend(frameon=False)

    last = rows.groupby("estimator", sort=False).last().score
    ends = ", ".join(f"{name} {number(score)}" for name, score in last.items())
    alt = f"{capitalized(metric.title)} by the severity of {perturbation}; at the last: {ends}."
    return context.plot(draw, _SIZE, alt, f"robustness-{perturbation}", _numbers(rows))


def _numbers(rows):
    """Return the Table behind a curve."""
    cells = [
        [row.estimator, str(row.value), interval_cell(row.score, row.low, row.high)]
        for row in rows.itertuples()
    ]
    return Table(["Model", "Value", "Score"], cells)


def _strongest(frame, title):
    """Return the Table of the last value of each perturbation: the score there and the drop."""
    last = frame.groupby(["estimator", "perturbation"], sort=False).tail(1)
    rows = [
        [
            row["estimator"],
            f"{row['perturbation']} {row['value']}",
            interval_cell(*row[["score", "low", "high"]]),
            interval_cell(*row[["drop", "drop low", "drop high"]]),
        ]
        for _, row in last.iterrows()
    ]
    head = ["Model", "Perturbation", title, "Drop"]
    caption = "At the last value of each perturbation, with 95 % intervals"
    return Table(head, rows, caption, text_columns=(0, 1))

"""The table of scores as a paper prints it: text, Markdown, LaTeX and CSV."""

import csv
import io
import re

import numpy as np

from skmedimg._files import csv_cell, utf8, whole_file
from skmedimg.evaluation._text import capitalized

_FIRST = 5  # scores in a table of a page's width
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "≥": r"$\geq$",
    "–": "--",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def paper_table(comparison, metrics=None, digits=2, confidence=0.95):
    """Return a DataFrame of text such as "0.91 (0.88-0.94)", the best estimator first."""
    import pandas as pd

    whole = isinstance(digits, (int, np.integer)) and not isinstance(digits, bool)
    if not whole or not 1 <= digits <= 6:
        raise ValueError(f"digits={digits!r} needs an int from 1 to 6.")
    if isinstance(metrics, str):
        metrics = [metrics]
    names = metrics or [metric.name for metric in comparison.metrics[:_FIRST]]
    chosen = [comparison.metric(name) for name in names]
    rows = {
        name: {
            capitalized(metric.title): score_text(
                comparison.interval(name, metric.name, confidence), digits
            )
            for metric in chosen
        }
        for name in comparison.ranked(chosen[0].name)
    }
    return pd.DataFrame.from_dict(rows, "index").rename_axis("Model")


def score_text(found, digits=2):
    """Return mean and limits of an Interval as a paper prints them.

    Examples
    --------
    >>> from skmedimg.evaluation._records import Interval
    >>> from skmedimg.evaluation.paper._paper_table import score_text
    >>> score_text(Interval(0.912, 0.881, 0.94, "")), score_text(Interval(0.1, -0.2, 0.4, ""))
    ('0.91 (0.88-0.94)', '0.10 (-0.20 to 0.40)')
    """
    if not np.isfinite(found.mean):
        return "not defined"
    mean, low, high = (f"{value:.{digits}f}" for value in (found.mean, found.low, found.high))
    if not np.isfinite(found.low):
        return mean
    # Two minus signs and a dash in a row cannot be read.
    between = " to " if "-" in low + high else "-"
    return f"{mean} ({low}{between}{high})"


def to_markdown(frame):
    """Return a DataFrame of text as a table of Markdown, with its index.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmedimg.evaluation.paper._paper_table import to_markdown
    >>> print(to_markdown(pd.DataFrame({"AUC": ["0.9"]}, index=pd.Index(["a|b"], name="Model"))))
    | Model | AUC |
    | --- | ---: |
    | a\\|b | 0.9 |
    """
    head, rows, n_index = _cells(frame)
    rule = ["---"] * n_index + ["---:"] * (len(head) - n_index)
    lines = [[_in_markdown(cell) for cell in row] for row in (head, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def to_latex(frame, caption=None, label=None):
    r"""Return a DataFrame of text as a table of LaTeX; it needs the package booktabs.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmedimg.evaluation.paper._paper_table import to_latex
    >>> table = pd.DataFrame({"AUC": ["0.91 (0.88-0.94)"]}, index=pd.Index(["CNN_1"], name="Model"))
    >>> print(to_latex(table))
    \begin{tabular}{lr}
    \toprule
    Model & AUC \\
    \midrule
    CNN\_1 & 0.91 (0.88--0.94) \\
    \bottomrule
    \end{tabular}
    """
    head, rows, n_index = _cells(frame)
    columns = "l" * n_index + "r" * (len(head) - n_index)
    lines = [" & ".join(map(_in_latex, row)) + r" \\" for row in (head, *rows)]
    body = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:]]
    body += [r"\bottomrule", r"\end{tabular}"]
    if caption is None and label is None:
        return "\n".join(body)
    titles = [] if caption is None else [rf"\caption{{{_in_latex(caption)}}}"]
    titles += [] if label is None else [rf"\label{{{label}}}"]
    return "\n".join([r"\begin{table}", r"\centering", *titles, *body, r"\end{table}"])


def write_csv(frame, path):
    """Write a DataFrame with its index as CSV that no spreadsheet takes for formulas."""
    head, rows, _ = _cells(frame)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[csv_cell(cell) for cell in row] for row in (head, *rows)])
    with whole_file(path) as file:
        file.write(utf8(text.getvalue()))


def _cells(frame):
    """Return the heads and the rows of a DataFrame with its index, and how many columns that has.

    A default index, of numbers without a name, is left out.
    """
    shown = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
    head = [", ".join(name) if isinstance(name, tuple) else str(name) for name in shown.columns]
    head = [name.removesuffix(", ") for name in head]
    n_index = shown.shape[1] - frame.shape[1]
    rows = [[_cell(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    return head, rows, max(n_index, 1)


def _cell(value):
    """Return a value of a table; a gap is empty."""
    if value is None or value != value or type(value).__name__ == "NAType":
        return ""
    return value


def _in_markdown(value):
    text = " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("<", "&lt;")


def _in_latex(value):
    text = "".join(_LATEX.get(letter, letter) for letter in " ".join(str(value).split()))
    return re.sub(r"(?<=\d)-(?=\d)", "--", text)

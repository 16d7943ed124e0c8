"""An audit in words: as text, as HTML and as records."""

import html
import textwrap

import numpy as np

from skmedimg.evaluation.auditing._findings import Finding

_MARKS = {"error": "ERROR  ", "warning": "WARNING", "note": "note   "}
_INDENT = " " * 10


def audit_text(audit):
    """Return an audit as text for a terminal.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    text : str
    """
    lines = [audit.headline, verdict(audit)]
    for finding in audit.findings:
        lines += ["", f"  {_MARKS[finding.severity]} {finding.title}"]
        lines += textwrap.wrap(
            finding.advice, 90, initial_indent=_INDENT, subsequent_indent=_INDENT
        )
        lines += [_INDENT + example for example in examples(audit, finding)]
    return "\n".join(lines)


def audit_html(audit):
    """Return an audit as an HTML fragment; everything from the data is escaped.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    fragment : str
    """
    head, judgement = html.escape(audit.headline), html.escape(verdict(audit))
    parts = [f"<p><strong>{head}</strong> {judgement}</p>"]
    parts += [_finding_html(audit, finding) for finding in audit.findings]
    return f'<div class="audit">{"".join(parts)}</div>'


def finding_records(audit):
    """Return one dict per finding.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    records : list of dict
    """
    return [
        {
            "severity": finding.severity, "kind": finding.kind, "title": finding.title,
            "advice": finding.advice, "rows": finding.rows.tolist(),
            "value": None if finding.value is None else float(finding.value),
            "clusters": [rows.tolist() for rows in finding.clusters],
        }
        for finding in audit.findings
    ]  # fmt: skip


def read_finding(record):
    """Return the finding of a record.

    Parameters
    ----------
    record : dict

    Returns
    -------
    finding : Finding
    """
    arrays = {
        "rows": np.array(record["rows"], dtype=np.intp),
        "clusters": tuple(np.array(rows, dtype=np.intp) for rows in record["clusters"]),
    }
    return Finding(**record | arrays)


def headline(case):
    """Return how many images, classes and patients there are.

    Parameters
    ----------
    case : Case

    Returns
    -------
    words : str
    """
    words = f"Audit of {len(case.facts)} images"
    if case.tested is not None:
        words += f" ({case.tested.sum()} of them for testing)"
    if case.y is not None:
        labels, counts = np.unique(case.y, return_counts=True)
        pairs = zip(labels, counts, strict=True)
        listed = ", ".join(f"{label!s} {count}" for label, count in pairs)
        words += f", {len(labels)} classes ({listed})" if len(labels) <= 12 else ""
    if case.groups is not None:
        words += f", {len(np.unique(case.groups))} patients"
    return words + "."


def verdict(audit):
    """Return in one sentence how bad it is.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    words : str
    """
    if not audit.errors and not audit.warnings:
        return "Nothing was found that would make a score wrong."
    parts = [
        f"{len(found)} {name}{'s' * (len(found) > 1)}"
        for name, found in (("error", audit.errors), ("warning", audit.warnings)) if found
    ]  # fmt: skip
    return f"{' and '.join(parts)} to look at before believing any score."


def examples(audit, finding, limit=3):
    """Return lines naming some of the rows concerned.

    Parameters
    ----------
    audit : Audit
    finding : Finding
    limit : int, default=3

    Returns
    -------
    lines : list of str
    """
    sets = finding.clusters or tuple(finding.rows[:limit, None])
    lines = [" = ".join(audit.name(row) for row in rows[:4]) for rows in sets[:limit]]
    total = len(finding.clusters or finding.rows)
    return lines + [f"... and {total - limit} more"] * (total > limit)


def _finding_html(audit, finding):
    listed = "".join(f"<li>{html.escape(line)}</li>" for line in examples(audit, finding))
    return (
        f'<div class="finding {finding.severity}"><p><b>{finding.severity}</b> '
        f"{html.escape(finding.title)}</p><p>{html.escape(finding.advice)}</p>"
        f"<ul>{listed}</ul></div>"
    )

"""Sections of a report on patients: who they are, and how their subgroups fare."""

from skmedimg.evaluation.subgroups._levels import can_split
from skmedimg.evaluation.subgroups._subgroups import score_subgroups
from skmedimg.evaluation.subgroups._table_one import shown_table

_MIN_PATIENTS = 10


def patients_section(context):
    """Return Table 1; None without patient columns."""
    comparison = context.comparison
    if comparison.columns is None:
        return None
    by_patient = comparison.groups is not None
    return {"table": shown_table(comparison.table_one()), "by_patient": by_patient}


def subgroups_section(context):
    """Return the scores of subgroups by the best model; None without patient columns."""
    comparison = context.comparison
    if comparison.columns is None or comparison.metric().from_scorer:
        return None
    names = [name for name in comparison.columns if can_split(comparison.columns[name])]
    if not names:
        return None
    found = score_subgroups(comparison, names, None, None, None, _MIN_PATIENTS, 0.95)
    alt = f"Forest plot of subgroups. {found.conclusion}"
    size = (6.4, 0.9 + 0.3 * (1 + len(found.records)))
    return {
        "conclusion": found.conclusion,
        "figure": context.plot(found.plot, size, alt, "subgroups"),
        "table": found.to_table(),
        "free_text": [name for name in comparison.columns if name not in names],
        "min_patients": found.min_patients,
    }

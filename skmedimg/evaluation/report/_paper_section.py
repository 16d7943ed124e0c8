"""Section of a report for the paper: paragraphs, the flow of the study, and checklists."""

from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation.checklists._checklist_record import fill_checklists
from skmedimg.evaluation.checklists._exclusions import exclusions
from skmedimg.evaluation.checklists._paragraphs import methods_text, results_text
from skmedimg.evaluation.checklists._study_facts import StudyFacts
from skmedimg.evaluation.paper._paper_table import paper_table


def paper_section(context):
    """Return paragraphs, the flow and the checklists."""
    comparison = context.comparison
    anchors = {anchor for anchor, data in context.shown.items() if data is not None}
    anchors |= {"paper", "settings", "reading"}  # these come after
    if any(model.get("mistakes") for model in context.shown.get("models") or ()):
        anchors.add("mistakes")
    if (context.shown.get("clinical") or {}).get("decision"):
        anchors.add("usefulness")
    facts = StudyFacts(comparison, anchors)
    scores = paper_table(comparison)
    return {
        "methods": methods_text(facts),
        "results": results_text(facts),
        "flow": _flow(comparison),
        "scores": Table(
            ["Model", *scores.columns],
            [[name, *row] for name, row in zip(scores.index, scores.to_numpy(), strict=True)],
            "Mean (95 % interval)",
        ),
        "filled": fill_checklists(comparison, anchors=anchors).filled,
    }


def _flow(comparison):
    """Return the Table of the steps from files to what was compared on."""
    frame = exclusions(comparison)
    rows = [
        [step, *(None if value is None or value != value else int(value) for value in counts)]
        for step, *counts in frame.astype(object).where(frame.notna(), None).to_numpy()
    ]
    return Table(["Step", "Images", "Patients"], rows, "Flow of the study")

"""What a paper needs of a comparison: tables, predictions, checklists and paragraphs."""

from skmedimg.evaluation.checklists._checklist_record import fill_checklists
from skmedimg.evaluation.checklists._exclusions import exclusions
from skmedimg.evaluation.checklists._paragraphs import methods_text, results_text
from skmedimg.evaluation.checklists._study_facts import StudyFacts
from skmedimg.evaluation.paper._paper_table import paper_table, to_latex, to_markdown, write_csv
from skmedimg.evaluation.paper._predictions_table import predictions_table
from skmedimg.evaluation.robustness._robustness import check_robustness


class PaperOutputs:
    """Tables, predictions, checklists and paragraphs of a comparison."""

    def paper_table(self, metrics=None, *, digits=2, confidence=0.95):
        """Tabulate scores as a paper prints them, such as "0.91 (0.88-0.94)".

        Parameters
        ----------
        metrics : list of str or None, default=None
            None takes the first five.
        digits : int, default=2
            After the decimal point.
        confidence : float, default=0.95
            Of the intervals.

        Returns
        -------
        table : DataFrame of str
            One row per estimator, the best first.
        """
        return paper_table(self, metrics, digits, confidence)

    def to_markdown(self, metrics=None, *, digits=2, confidence=0.95):
        """Return `paper_table` in Markdown.

        Parameters
        ----------
        metrics : list of str or None, default=None
            None takes the first five.
        digits : int, default=2
            After the decimal point.
        confidence : float, default=0.95
            Of the intervals.

        Returns
        -------
        text : str
        """
        return to_markdown(self.paper_table(metrics, digits=digits, confidence=confidence))

    def to_latex(self, metrics=None, *, digits=2, confidence=0.95, caption=None, label=None):
        """Return `paper_table` in LaTeX, with the rules of the package booktabs.

        Parameters
        ----------
        metrics : list of str or None, default=None
            None takes the first five.
        digits : int, default=2
            After the decimal point.
        confidence : float, default=0.95
            Of the intervals.
        caption, label : str or None, default=None
            Either one puts the table into a table environment.

        Returns
        -------
        text : str
        """
        table = self.paper_table(metrics, digits=digits, confidence=confidence)
        return to_latex(table, caption, label)

    def to_csv(self, path, what="scores"):
        """Write `paper_table` or `predictions_table` as CSV.

        Cells that a spreadsheet would take for a formula, such as a file "=1.png", start with an
        apostrophe.

        Parameters
        ----------
        path : str or os.PathLike
            File to write.
        what : {"scores", "predictions"}, default="scores"
            Which table.
        """
        tables = {"scores": self.paper_table, "predictions": self.predictions_table}
        if what not in tables:
            raise ValueError(f"what={what!r} must be 'scores' or 'predictions'.")
        write_csv(tables[what](), path)

    def predictions_table(self):
        """Tabulate out-of-fold predictions with files and patients.

        Returns
        -------
        table : DataFrame
            One row per repeat and tested row of X: `repeat`, `fold`, `row`, `file` where X was
            paths, `patient` where there are `groups`, `truth`; per estimator its prediction and
            the probability (or decision value) of each class; then the patient columns. Segmenters
            have the scores of each image instead.
        """
        return predictions_table(self)

    def exclusions(self):
        """Tabulate the flow of the study: what was read, left out and compared on.

        Returns
        -------
        flow : DataFrame
            `step` and `images`; `patients` where they are known. Files that were left out need the
            loader's report, `compare(load_report=data.report)`.
        """
        return exclusions(self)

    def checklist(self, *names, robustness=None):
        """Fill in reporting checklists from this comparison.

        Parameters
        ----------
        *names : {"CLAIM", "TRIPOD+AI", "STARD-AI"}
            None given takes all three.
        robustness : Robustness or None, default=None
            What `robustness()` returned, where the report shows it.

        Returns
        -------
        checklists : Checklists
            Per item "answered" with the section of the report that shows it, "you write this" with
            what is needed, or "not met" with the line that would meet it.
        """
        check_robustness(robustness, self)
        more = () if robustness is None else ("robustness",)
        return fill_checklists(self, names, more=more)

    def methods_text(self):
        """Return a paragraph on methods with the numbers of this comparison filled in.

        Returns
        -------
        text : str
        """
        return methods_text(StudyFacts(self))

    def results_text(self):
        """Return a paragraph on results with the numbers of this comparison filled in.

        Returns
        -------
        text : str
        """
        return results_text(StudyFacts(self))

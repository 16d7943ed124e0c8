"""What a comparison tells about its patients: scores of subgroups, and their characteristics."""

from skmedimg.evaluation.subgroups._subgroups import score_subgroups
from skmedimg.evaluation.subgroups._table_one import table_one


class PatientQuestions:
    """Scores and tables by the patient columns of a comparison."""

    def by(self, *columns, bins=None, name=None, metric=None, min_patients=10, confidence=0.95):
        """Score one model on subgroups of patients, such as women and men.

        The score of a subgroup is that of its test images of all folds together. Its interval and
        the test of its gap to the rest treat the patient as the unit, as everywhere.

        Parameters
        ----------
        *columns : str
            Patient columns that `compare(columns=)` was given, such as "sex" and "age".
        bins : dict of str to int or list of float, or None, default=None
            How numbers are cut: how many parts, at quantiles, or the edges between them, such as
            {"age": [40, 65]}. None cuts numbers of more than six values at their quartiles.
        name : str, default=None
            The model; None takes the best.
        metric : str, default=None
            None takes the first of `metrics`.
        min_patients : int, default=10
            Subgroups with fewer patients are shown without a test.
        confidence : float, default=0.95
            Confidence level of the interval.

        Returns
        -------
        subgroups : Subgroups
            Prints its table; `worst`, `conclusion`, `to_frame()` and `plot()`. Rows without a value
            are a subgroup of their own.
        """
        return score_subgroups(self, columns, bins, name, metric, min_patients, confidence)

    def table_one(self, *, median=()):
        """Tabulate who the patients are, by set and by class: Table 1 of a paper.

        Patients are counted once, whatever the number of their images. A patient whose images
        differ in a column has no value there.

        Parameters
        ----------
        median : sequence of str, default=()
            Columns of numbers shown as median [quartiles] instead of mean (standard deviation).

        Returns
        -------
        table : DataFrame of str
            Images, patients, and each of the columns that `compare(columns=)` was given. With
            external sets the columns are (set, class), and "development" comes first.
        """
        import pandas as pd

        own = self._table_one(median)
        if not self.external:
            return own
        # Sets of other hospitals may come without patient columns, or with some of them.
        sets = {"development": own}
        for name, found in self.external.items():
            known = [each for each in median if found.columns is not None and each in found.columns]
            sets[name] = found._table_one(known)
        table = pd.concat(sets, axis=1).fillna("–")
        return table.reindex(dict.fromkeys(each for part in sets.values() for each in part.index))

    def _table_one(self, median):
        """Return the table of this set alone."""
        labels = self.y if self.task == "classification" else range(len(self.y))
        return table_one(labels, self.classes, self.groups, self.columns, median=median)

"""Facts of a comparison that checklists and paragraphs state."""

from functools import cached_property

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.subgroups._levels import can_split


class StudyFacts:
    """Facts of a comparison, computed when they are asked for.

    Parameters
    ----------
    comparison : Comparison
    anchors : container of str or None, default=None
        Sections of the report that exist. None: those that every report of this comparison has.
    more : iterable of str, default=()
        Sections beside those, such as "robustness" where its record is given to the report.
    """

    def __init__(self, comparison, anchors=None, more=()):
        self.comparison = comparison
        self._anchors = anchors
        self._more = more

    def has(self, anchor):
        """Tell whether the report has a section."""
        return anchor in self.anchors

    @cached_property
    def anchors(self):
        """set of str: anchors of the report's sections."""
        if self._anchors is not None:
            return set(self._anchors)
        comparison = self.comparison
        found = {"scores", "data", "conclusions", "models", "paper", "settings", "reading"}
        if comparison.columns is not None:
            found.add("patients")
        if self.can_subgroup:
            found.add("subgroups")
        results = [comparison.fold_results[name] for name in self.models]
        if comparison.pos_label is not None:
            found.add("clinical")
            if any(fold.has_probabilities for folds in results for fold in folds):
                found.add("usefulness")
        found |= {"external"} if comparison.external else set()
        found |= {"sites"} if self.sites else set()
        found |= set(self._more)
        # An audit keeps the images it looked at, and the report shows mistakes among them.
        if comparison.audit is not None and comparison.audit.images:
            found.add("mistakes")
        return found

    @cached_property
    def set_name(self):
        """str or None: what a set is called that no model was trained on, of an Evaluation."""
        return getattr(self.comparison, "set_name", None)

    @cached_property
    def models(self):
        """list of str: the estimators, without the baseline."""
        return [name for name in self.comparison.names if name != self.comparison.baseline]

    @cached_property
    def tests(self):
        """PairwiseTests: of all pairs."""
        return self.comparison.tests()

    @cached_property
    def n_patients(self):
        """int or None: patients, where they are known."""
        groups = self.comparison.groups
        return None if groups is None else len(np.unique(groups))

    @cached_property
    def folds(self):
        """int: folds of each repeat."""
        return len({split.fold for split in self.comparison.splits})

    @cached_property
    def repeats(self):
        """int: repeats of the cross-validation."""
        return len({split.repeat for split in self.comparison.splits})

    @cached_property
    def can_subgroup(self):
        """list of str: patient columns whose subgroups can be scored."""
        columns = self.comparison.columns
        if columns is None or self.comparison.metric().from_scorer:
            return []
        return [name for name in columns if can_split(columns[name])]

    @cached_property
    def subgroups(self):
        """Subgroups or None: of all columns that have some, by the best model."""
        return self.comparison.by(*self.can_subgroup) if self.can_subgroup else None

    @cached_property
    def samples(self):
        """str: images and patients in words."""
        words = counted(self.comparison.y, "image")
        return (
            words
            if self.n_patients is None
            else (f"{words} of {counted(self.n_patients, 'patient')}")
        )

    @cached_property
    def splitting(self):
        """str: how the data were divided, in words."""
        splits = self.comparison.splits
        if len(splits) == 1:
            n_train, n_test = len(splits[0].train), len(splits[0].test)
            if not n_train:
                return "one set that no model was trained on"
            return f"one split, {n_train} images for training and {n_test} for testing"
        if self.sites:
            return f"leaving out one of {len(self.sites)} sites after the other"
        if self.folds == 1:
            return f"{len(splits)} splits into training and test sets"
        more = f", repeated {self.repeats} times" if self.repeats > 1 else ""
        return f"{self.folds}-fold cross-validation{more}"

    @cached_property
    def sites(self):
        """list of str: the sites that were left out one after the other, if any."""
        return [split.name for split in self.comparison.splits if split.name is not None]

    @cached_property
    def text_of_estimators(self):
        """str: how all estimators are written."""
        return "\n".join(self.comparison.estimators.values())

    def mentions(self, *words):
        """Tell whether one of some names is part of an estimator."""
        return any(word in self.text_of_estimators for word in words)

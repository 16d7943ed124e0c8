"""The order of the examples: from the first question one has to those that come later."""

from pathlib import Path

ORDER = (
    *("compare", "from_a_folder", "audit_and_leakage"),  # a first answer, and may it be trusted?
    *("hog", "augmentation", "freeze_depth", "custom_backbone", "segmentation"),
    "files_to_objects",  # better models
    *("optuna_search", "thresholds", "calibration", "explanations"),  # the one that is to be used
    "published_mistakes",
)


class TeachingOrder:
    """Sort the files of a folder of examples; one that `ORDER` does not name is an error.

    Parameters
    ----------
    folder : str
        Where the examples lie; sphinx-gallery passes it.
    """

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        """Return the place of an example."""
        return ORDER.index(Path(filename).stem.removeprefix("plot_"))

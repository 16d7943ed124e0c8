"""The report of a loader: files kept, ignored and skipped, and warnings."""

from collections import Counter
from statistics import median

from skmedimg._warnings import warn_user


class LoadReport:
    """The files of a data set that were kept, ignored and skipped, and warnings.

    Parameters
    ----------
    root : str
        The folder or table that was read.

    Attributes
    ----------
    n_images : int
        Images kept.
    class_counts : dict of label to int
        Images of each class; empty without labels.
    n_groups : int or None
        Patients, where they are known.
    images_per_group : tuple (float, int, str), or None
        Median and maximum of the images per patient, and the patient who has the most.
    split_counts : dict of str to int
        Images of "train", "validation" and "test", where the folders say so.
    ignored : list of (str, str)
        Files that are not images, and why: hidden files, notes, tables.
    skipped : list of (str, str)
        Images left out by ``on_error="skip-report"``, and why.
    warnings : list of str
        One sentence per oddity.

    Examples
    --------
    >>> from skmedimg.datasets._loading_report import LoadReport
    >>> report = LoadReport("chest")
    >>> report.ignored.append(("chest/notes.txt", "not an image file"))
    >>> print(report)
    chest: 0 images
    ignored, since they are not images: 1
      chest/notes.txt: not an image file
    """

    def __init__(self, root):
        self.root = root
        self.n_images = 0
        self.class_counts = {}
        self.n_groups = None
        self.images_per_group = None
        self.split_counts = {}
        self.ignored = []
        self.skipped = []
        self.warnings = []

    def count(self, labels, groups, n_images, split=None):
        """Store the number of images, of those of each class and part, and of patients.

        Parameters
        ----------
        labels : sequence (n_images,) or None
        groups : sequence (n_images,) or None
        n_images : int
        split : sequence (n_images,) or None, default=None
        """
        self.n_images = n_images
        if split is not None:
            self.split_counts = dict(sorted(Counter(split).items()))
        if labels is not None:
            self.class_counts = dict(sorted(Counter(labels).items()))
        if groups is not None:
            self._count_groups(groups)

    def _count_groups(self, groups):
        counts = Counter(groups)
        patient, most = counts.most_common(1)[0]
        self.n_groups = len(counts)
        self.images_per_group = float(median(counts.values())), most, patient
        # Of a few patients each has more than a tenth; what is meant is one with far more than the
        # others have. It is often a pattern that joins patients.
        others = (len(groups) - most) / max(1, self.n_groups - 1)
        if most > 0.1 * len(groups) and most > max(9, 3 * others):
            self.warn(
                f"{most} of {len(groups)} images ({most / len(groups):.0%}) are of one patient, "
                f"{patient!r}. Check that they show one patient, and not many under one name."
            )

    def warn(self, text):
        """Add a sentence to `warnings`, and warn the user with it.

        Parameters
        ----------
        text : str
        """
        self.warnings.append(text)
        warn_user(f"{self.root}: {text}")

    def __str__(self):
        patients = "" if self.n_groups is None else f" of {self.n_groups} patients"
        counts = ", ".join(f"{label}: {count}" for label, count in self.class_counts.items())
        classes = f" ({counts})" if counts else ""
        lines = [f"{self.root}: {self.n_images} images{patients}{classes}"]
        if self.split_counts:
            parts = ", ".join(f"{part}: {count}" for part, count in self.split_counts.items())
            lines.append(f"parts, in data.split: {parts}")
        if self.images_per_group is not None:
            middle, most, patient = self.images_per_group
            lines.append(f"images per patient: median {middle:g}, at most {most} ({patient!r})")
        lines += _listed("skipped, since they cannot be used", self.skipped)
        lines += _listed("ignored, since they are not images", self.ignored)
        return "\n".join(lines + [f"warning: {text}" for text in self.warnings])

    def __repr__(self):
        return f"<LoadReport of {self}>"


def first_few(items, count=3):
    """Return the first items as text, and how many more there are.

    Examples
    --------
    >>> from skmedimg.datasets._loading_report import first_few
    >>> first_few(["a.png", "b.png", "c.png", "d.png", "e.png"])
    "'a.png', 'b.png', 'c.png' and 2 more"
    """
    text = ", ".join(repr(item) for item in items[:count])
    return text if len(items) <= count else f"{text} and {len(items) - count} more"


def _listed(title, entries, most=20):
    """Return lines of text for a list of (path, reason), the first `most` of them."""
    if not entries:
        return []
    lines = [f"{title}: {len(entries)}"]
    lines += [f"  {path}: {reason}" for path, reason in entries[:most]]
    return lines + (["  ..."] if len(entries) > most else [])

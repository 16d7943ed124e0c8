"""What a saved model says of one image file, as the page of `skmedimg serve` shows it."""

import threading
import warnings
from dataclasses import dataclass, field
from numbers import Real

import numpy as np
from PIL import ImageColor

from skmedimg._files import csv_cell
from skmedimg._plotting import SERIES
from skmedimg._provenance import file_digests
from skmedimg.images._for_display import data_uri, displayable, file_uri
from skmedimg.images._limits import MAX_PIXELS, MAX_SECONDS, ImageReadError
from skmedimg.images._read_image import read_pixels
from skmedimg.images._save_mask import mask_name, mask_picture

_SIDE = 480  # pixels of a picture on the page
# Advice in messages that is for those who write Python.
_ADVICE = (
    ", or pass verify=False if you trust the file",
    "; raise max_pixels if you trust the file",
)


@dataclass
class ImageAnswer:
    """The answer for one file; a file without one has the reason in `error`."""

    name: str
    error: str = ""
    label: str = ""
    probabilities: list = field(default_factory=list)  # (class, probability)
    objects: list = field(default_factory=list)  # (class, color, pixels, objects)
    warnings: list = field(default_factory=list)
    picture: str = ""
    overlay: str = ""
    overlay_words: str = ""
    mask: str = ""  # of a segmenter, as the text of a PNG file

    @property
    def mask_name(self):
        """str: the name that `skmedimg predict --masks` gives the file of the mask."""
        return mask_name(self.name)


class ImageAnswers:
    """A loaded model with its card, which answers for one file at a time.

    Parameters
    ----------
    model : fitted classifier or segmenter
    card : ModelCard
    guard : fitted InputGuard or None
        What knows images unlike those of training.
    """

    def __init__(self, model, card, guard=None):
        from sklearn.utils import get_tags

        self.model = model
        self.card = card
        self.guard = guard
        self.classes = [str(label) for label in getattr(model, "classes_", [])]
        self.is_segmenter = get_tags(model).estimator_type == "segmenter"
        self.threshold = None if self.is_segmenter else threshold_of(model)
        self.has_probabilities = hasattr(model, "predict_proba")
        self._trained_on = set(card.files)
        # One image at a time: the largest that are read take 400 MB each.
        self._turn = threading.Lock()

    def answer(self, path, name):
        """Return what the model says of a file that is called `name` where the user has it."""
        answer = ImageAnswer(name)
        # Warnings are caught for the whole process, which is safe in turn.
        with self._turn, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self._fill(answer, path)
            except Exception as error:  # models raise all kinds of errors, and the page goes on
                return ImageAnswer(name, error=_error_text(error, path, name))
        # Such as pixels of another depth than those the model was trained on.
        texts = [
            _text(w.message, path, name) for w in caught if issubclass(w.category, UserWarning)
        ]
        answer.warnings += dict.fromkeys(texts)
        return answer

    def head(self):
        """Return the names of the columns of the table."""
        if self.is_segmenter:
            columns = [f"{what}({c})" for c in self.classes[1:] for what in ("pixels", "objects")]
        else:
            shares = [f"p({c})" for c in self.classes] if self.has_probabilities else []
            columns = ["label", *shares]
            if self.threshold:
                columns.append(f"threshold({self.threshold[0]})")
        return ["file", *columns, "warning", "error"]

    def row(self, answer):
        """Return an answer as a row of the table, with cells that no spreadsheet runs."""
        if self.is_segmenter:
            cells = [count for _, _, *counts in answer.objects for count in counts]
        else:
            cells = [answer.label, *(f"{share:.4f}" for _, share in answer.probabilities)]
            if self.threshold and answer.label:
                cells.append(f"{self.threshold[1]:.4f}")
        columns = len(self.head()) - 3
        cells += [""] * (columns - len(cells))
        texts = (answer.name, *cells, " ".join(answer.warnings), answer.error)
        return [csv_cell(text) for text in texts]

    def _fill(self, answer, path):
        # Read once with a limit of time, as folders are checked, before the model reads the file.
        pixels = np.asarray(read_pixels(path, "keep", None, None, MAX_PIXELS, None, MAX_SECONDS))
        step = -(-max(pixels.shape[:2]) // (4 * _SIDE))  # of large images, every step-th pixel
        picture = displayable(pixels[::step, ::step])
        answer.picture = data_uri(picture, _SIDE)
        answer.warnings = self._warnings(path)
        if self.is_segmenter:
            self._segment(answer, path, picture, step)
        else:
            self._classify(answer, path)

    def _warnings(self, path):
        """Return sentences that the reader needs beside the answer for a file."""
        sentences = []
        if self._trained_on and file_digests([path])[0] in self._trained_on:
            sentences.append(
                "The model was trained on this file: the answer says nothing about new images."
            )
        if self.guard is not None and self.guard.flag([path])[0]:
            sentences.append(
                "This image is unlike the training images: look at it, and do not trust the answer."
            )
        return sentences

    def _classify(self, answer, path):
        [label] = self.model.predict([path])
        answer.label = str(label)
        if self.has_probabilities:
            [shares] = self.model.predict_proba([path])
            answer.probabilities = list(zip(self.classes, map(float, shares), strict=True))
        overlay, words = _explained(self.model, path, label)
        if overlay is not None:
            answer.overlay, answer.overlay_words = data_uri(overlay, _SIDE), words

    def _segment(self, answer, path, picture, step):
        from skmedimg.images import object_table
        from skmedimg.neural import segment_files

        [mask] = segment_files(self.model, [path])
        found = object_table([mask])
        shown = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture.copy()
        small = mask[::step, ::step]
        for at, label in enumerate(self.model.classes_[1:]):
            color = SERIES[(at + 2) % len(SERIES)]  # as in the displays and mask files
            objects = found[found["class"] == label]
            pixels = int(objects["pixels"].sum())
            answer.objects.append((str(label), color, pixels, len(objects)))
            inside = small == label
            shown[inside] = (shown[inside] + np.array(ImageColor.getrgb(color))) // 2
        answer.overlay = data_uri(shown, _SIDE)
        answer.overlay_words = "The mask that the model predicts, over the image."
        answer.mask = file_uri(mask_picture(mask), "png")


def threshold_of(model):
    """Return (class, threshold) of a classifier that was given or has chosen one, else None."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    for name in ("threshold_", "best_threshold_", "threshold"):
        value = getattr(model, name, None)
        label = getattr(model, "pos_label_", getattr(model, "pos_label", "no such parameter"))
        if isinstance(value, Real) and label != "no such parameter":
            return str(model.classes_[1] if label is None else label), float(value)
    return None


def _explained(model, path, label):
    """Return an image under the map of its label, and words; None for models without gradients."""
    from skmedimg.inspection import ExplanationDisplay
    from skmedimg.inspection._explanation_display import _method_for

    method = _method_for(model)
    if method == "occlusion":  # hundreds of predictions for one image
        return None, ""
    try:
        display = ExplanationDisplay.from_estimator(
            model, [path], target=label, method=method, plot=False
        )
    except (TypeError, ValueError):  # networks of a kind that the maps do not know
        return None, ""
    name = "Grad-CAM" if method == "grad-cam" else "HOG map; cold ones lower it"
    words = f"The image as the model gets it. Warm regions raise the score of {label} ({name})."
    return display.overlays()[0], words


def _error_text(error, path, name):
    """Return an error as text; other errors than those of the file have their class."""
    text = _text(error, path, name)
    return text if isinstance(error, ImageReadError) else f"{type(error).__name__}: {text}"


def _text(error, path, name):
    """Return an error or a warning in one line that has the user's name of the file, not ours."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = text.replace(repr(path), repr(name)).replace(path, name)
    for advice in _ADVICE:
        text = text.replace(advice, "")
    return text

"""The base of network segmenters: from images to a class label for every pixel."""

from numbers import Integral

import numpy as np
import torch
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import num_samples, take_rows
from skmedimg._training.net import run_network
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import as_images
from skmedimg.images._validate_masks import check_masks, encode_masks
from skmedimg.metrics import dice
from skmedimg.networks._losses import MaskLoss, dice_score
from skmedimg.networks._outputs import probabilities
from skmedimg.neural._base import NetworkEstimator
from skmedimg.neural._mask_threshold import best_threshold, dice_curves
from skmedimg.neural._patch_sampling import PatchSampler
from skmedimg.neural._per_layer import per_layer
from skmedimg.neural._tiles import images_at_once, run_tiled

# Three: each fold is a whole training, and two thirds of the data still train a similar model.
_FOLDS = 3


class NetworkSegmenter(NetworkEstimator):
    """Base of segmenters: images to a class label for every pixel; the module has a `multiple`.

    A subclass has the parameters loss, threshold, tile, tile_overlap, patch_size and postprocess.
    """

    def predict_proba(self, X):
        """Return the probability of each class at each pixel.

        Parameters
        ----------
        X : any kind of X of the data contract
            With `tile` or `patch_size`, arrays of another height and width than in `fit` too.

        Returns
        -------
        probabilities : ndarray (n, n_classes, height, width)
            Plane k belongs to `classes_[k]`; they sum to 1.
        """
        check_is_fitted(self)
        return self._outputs(X, probabilities)

    def predict(self, X):
        """Return a mask for each image.

        Parameters
        ----------
        X : any kind of X of the data contract
            With `tile` or `patch_size`, arrays of another height and width than in `fit` too.

        Returns
        -------
        masks : ndarray (n, height, width), or (n, height * width) where X holds rows
            Labels of `classes_`.
        """
        check_is_fitted(self)
        masks = self.classes_[self._codes(X)]
        return masks.reshape(len(masks), -1) if _holds_rows(X) else masks

    def score(self, X, y, sample_weight=None):
        """Return the mean over the images of the foreground Dice coefficient.

        Parameters
        ----------
        X : any kind of X of the data contract
        y : array-like (n, height, width), rows, or mask paths (n,)
        sample_weight : array-like (n,) or None, default=None

        Returns
        -------
        score : float
            The mean over the foreground classes, all but `classes_[0]`, that either mask of the
            image holds; an image where neither holds any counts 1.
        """
        check_is_fitted(self)
        images = self._check_X(X, reset=False)
        true = encode_masks(check_masks(self, y, images), self.classes_)
        foreground = np.arange(1, len(self.classes_))
        return dice(true, self._codes(X), labels=foreground, sample_weight=sample_weight)

    # Hooks ---------------------------------------------------------------------------------

    def _check_X(self, X, *, reset):
        any_size = self.tile is not None or self.patch_size is not None
        if reset or not any_size or not _is_stack(X):
            return super()._check_X(X, reset=reset)
        images = as_images(X, owner=type(self).__name__)
        if images.shape[3] != self.image_shape_[2]:
            return super()._check_X(X, reset=False)  # raises the error that names both shapes
        return images

    def _check_targets(self, y, images):
        return check_masks(self, y, images)

    def _start_targets(self, y, classes):
        self.classes_ = np.unique(y) if classes is None else np.unique(classes)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs masks of at least 2 classes, but the masks hold "
                f"only one class: {self.classes_.tolist()[0]!r}"
            )
        if len(self.classes_) > 2 and self.threshold != 0.5:
            raise ValueError(
                f"threshold={self.threshold!r} tells two classes apart, but the masks hold "
                f"{len(self.classes_)}: {self.classes_.tolist()}. Leave it at 0.5: the most "
                "probable class is predicted."
            )
        self._class_weights = self._pixel_weights(y)

    def _pixel_weights(self, y):
        """Return a weight per class, of mean 1 over the pixels, or None."""
        if self.class_weight is None:
            return None
        counts = sum(
            np.bincount(mask.ravel(), minlength=len(self.classes_))
            for mask in self._encode_targets(y)
        )
        # Weights of mean 1 keep the loss, and so the best learning rate, near the unweighted ones.
        weights = 1 / counts if self.class_weight == "balanced" else self._given_weights()
        return weights * counts.sum() / (weights * counts).sum()

    def _given_weights(self):
        """Return `class_weight` as an array in the order of `classes_`."""
        given = dict(self.class_weight)
        weights = [given.pop(label, 1.0) for label in self.classes_.tolist()]
        if given:
            raise ValueError(
                f"class_weight names {sorted(given)}, which the masks do not hold; they hold "
                f"{self.classes_.tolist()}."
            )
        return np.array(weights, dtype=np.float64)

    def _encode_targets(self, y):
        return encode_masks(y, self.classes_)

    def _n_outputs(self):
        """Count logits per pixel: one tells two classes apart, unless the loss is "ce"."""
        one = len(self.classes_) == 2 and self.loss != "ce"
        return 1 if one else len(self.classes_)

    def _criterion(self):
        weights = self._class_weights
        return MaskLoss(self.loss, None if weights is None else torch.tensor(weights))

    def _batch_score(self):
        return dice_score

    def _batch_transform(self):
        if self.patch_size is None:
            return self.augment
        return PatchSampler(self._sides("patch_size"), self.augment)

    # Training ------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight, groups, epochs, fresh, classes=None, checkpoint=None):
        # Early stopping and the history need a threshold before one is tuned.
        self.threshold_ = 0.5 if self.threshold == "tune" else self.threshold
        super()._fit(X, y, sample_weight, groups, epochs, fresh, classes, checkpoint)
        if self.threshold == "tune" and not self.early_stopping:
            self.threshold_ = self._tune_out_of_fold(X, y, sample_weight, groups, checkpoint)
        return self

    def _datasets(self, images, encoded, weights, rows):
        training, validation = super()._datasets(images, encoded, weights, rows)
        if validation is not None:
            # Validation images are run whole, also where training takes patches, and may need small
            # batches.
            validation.inference_batch_size = images_at_once(self.net_, images.shape)
        return training, validation

    def _train(self, training, validation, epochs, tasks, checkpoint):
        super()._train(training, validation, epochs, tasks, checkpoint)
        # With early stopping there are held-out images already; otherwise folds are trained for it.
        if self.threshold == "tune" and validation is not None:
            held_back = (validation.images, *map(validation.targets.get, "yw"))
            images, masks, weights = map(_to_numpy, held_back)
            self.threshold_ = best_threshold(self._curves(images, masks), weights)

    def _tune_out_of_fold(self, X, y, sample_weight, groups, checkpoint):
        """Return the threshold with the highest mean Dice on out-of-fold predictions."""
        # postprocess is left out: the threshold is chosen on probabilities, before any cleaning.
        model = clone(self).set_params(threshold=0.5, warm_start=False, postprocess=None)
        weights = np.ones(num_samples(X)) * (1.0 if sample_weight is None else sample_weight)
        rows = np.flatnonzero(weights)
        folds = KFold(_FOLDS, shuffle=True, random_state=self._seed)
        if groups is not None:
            folds, groups = GroupKFold(_FOLDS), np.asarray(groups)[rows]
        curves, fold_weights = [], []
        for fold, (training, held_out) in enumerate(folds.split(rows, groups=groups)):
            training, held_out = rows[training], rows[held_out]
            # Every fold has a checkpoint of its own: an interrupted tuning goes on where it was.
            kept = None if checkpoint is None else checkpoint.folder / f"fold-{fold}"
            data = take_rows(X, training), take_rows(y, training), weights[training]
            model.fit(*data, checkpoint=kept)
            images = model._check_X(take_rows(X, held_out), reset=False)
            masks = check_masks(self, take_rows(y, held_out), images)
            curves.append(model._curves(images, encode_masks(masks, self.classes_)))
            fold_weights.append(weights[held_out])
        return best_threshold(np.concatenate(curves), np.concatenate(fold_weights))

    def _curves(self, images, masks):
        foreground = self._run(images, lambda logits: probabilities(logits)[:, 1])
        return dice_curves(foreground, masks)

    # Running -------------------------------------------------------------------------------

    def _outputs(self, X, finish):
        return self._run(self._check_X(X, reset=False), finish)

    def _run(self, images, finish):
        if self.tile is not None:
            return run_tiled(self.net_, images, self._sides("tile"), self.tile_overlap, finish)
        return run_network(
            self.net_, images, finish=finish, batch_size=images_at_once(self.net_, images.shape)
        )

    def _codes(self, X):
        """Return masks of positions in `classes_`, cleaned if asked for."""
        codes = self._outputs(X, self._decide)
        if self.postprocess is None:
            return codes
        cleaned = np.asarray(getattr(self.postprocess, "transform", self.postprocess)(codes))
        if cleaned.shape != codes.shape or cleaned.max(initial=0) >= len(self.classes_):
            raise ValueError(
                f"postprocess needs to return masks of shape {codes.shape} and class numbers "
                f"below {len(self.classes_)}, but returned shape {cleaned.shape}, largest value "
                f"{cleaned.max(initial=0)}."
            )
        return cleaned

    def _decide(self, logits):
        """Return the class number of each pixel."""
        if len(self.classes_) > 2:
            return logits.argmax(1).to(torch.uint8)
        # Comparing log odds with those of the threshold saves the sigmoid of every pixel.
        evidence = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        return (evidence > np.log(self.threshold_ / (1 - self.threshold_))).to(torch.uint8)

    def _sides(self, name):
        return per_layer(name, getattr(self, name), Integral, 1, n_layers=2)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # A classifier's splits would be stratified, which masks cannot be.
        tags.estimator_type = "segmenter"
        tags.target_tags.required = True
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = True
        return tags


def _holds_rows(X):
    """Return whether X is rows of pixels, and neither images nor paths."""
    return not isinstance(X, LazyImages) and np.ndim(X) == 2 and list_paths(X) is None


def _is_stack(X):
    """Return whether X is images; asked last, for not every array-like knows its axes."""
    return isinstance(X, LazyImages) or np.ndim(X) >= 3


def _to_numpy(values):
    """Return a tensor of any device as an array; arrays and None as they are."""
    return values.cpu().numpy() if isinstance(values, torch.Tensor) else values

"""The base class of network estimators: it has `fit`, and a subclass supplies the hooks."""

import math

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmedimg._device import (
    fresh_weights,
    resolve_device,
    resolve_precision,
    seed_from,
)
from skmedimg._sklearn import CallbackSupportMixin, fit_context, with_callbacks
from skmedimg._training.batches import Dataset, n_steps
from skmedimg._training.checkpoint import FitCheckpoint, fit_facts
from skmedimg._training.loop import fit_network
from skmedimg._training.net import build_net, run_network
from skmedimg._training.plan import TrainingPlan
from skmedimg._training.serialize import plain_history
from skmedimg.images._unusual_images import warn_of_unusual
from skmedimg.images._validate import check_groups, check_images, check_scale, check_weights
from skmedimg.networks._standardize import Standardize
from skmedimg.networks._views import VIEWS
from skmedimg.neural._epoch_events import FitTasks
from skmedimg.neural._habits import Habits
from skmedimg.neural._input_statistics import input_statistics
from skmedimg.neural._onnx_mixin import OnnxExport
from skmedimg.neural._own_augment import OwnAugment, as_augment
from skmedimg.neural._own_loss import OwnLoss, as_loss
from skmedimg.neural._own_module import finish_module, module_from
from skmedimg.neural._per_layer import per_layer_choice
from skmedimg.neural._pickled_network import PickledNetwork
from skmedimg.neural._training_constraints import check_callbacks
from skmedimg.neural._validation_set import check_validation
from skmedimg.neural._validation_split import inner_split


class NetworkEstimator(Habits, OnnxExport, PickledNetwork, CallbackSupportMixin, BaseEstimator):
    """Base of all network estimators: training and resuming.

    A subclass assigns its parameters and may override the hooks.
    """

    # Whether the module is one of this package: it is known to fit, and is not tried before.
    _is_own_network = False

    # True: images are flattened to rows, in the order row, column, channel, for the module.
    _takes_rows = False

    # Images per step that batch_size="auto" stands for.
    _usual_batch_size = 32

    # What max_epochs=None stands for: so many epochs, and on few images so many steps.
    _usual_epochs = 30
    _least_steps = 400

    # Code of pixels of masks that do not count; None where there are none.
    _ignored = None

    # Hooks, in the order in which `fit` calls them --------------------------------------------

    def _check_n_epochs(self, epochs, planned):
        """Warn if a fit of so many epochs ends before something that the parameters ask for."""

    def _check_X(self, X, *, reset):
        """Return X as validated images (n, height, width, channels), rows or LazyImages."""
        return check_images(self, X, reset=reset, image_shape=self.image_shape)

    def _check_targets(self, y, images):
        """Return y as a validated array with one entry per image."""
        raise NotImplementedError(f"{type(self).__name__} needs a method _check_targets.")

    def _start_targets(self, y, classes):
        """Set the fitted attributes that come from the first y, `classes_` among them."""

    def _encode_targets(self, y):
        """Return y as the integers or masks that the loss takes."""
        return y

    def _balance(self, encoded, weights):
        """Return the sample weights times the class weights."""
        return weights

    def build_module(self, image_shape, n_outputs):
        """Return a new network; override it to train a network of your own.

        `fit` calls it, with torch's random generator seeded by `random_state`. Loading a model
        calls it too, and then fills in the weights, so it must build the same network each time.

        Parameters
        ----------
        image_shape : tuple of int
            (height, width, channels) of one image, or (n_features,) of rows.
        n_outputs : int
            Number of logits that the network needs to return, for each pixel in a segmenter.

        Returns
        -------
        module : torch.nn.Module
            From images (n, channels, height, width) or rows (n, n_features) to logits.
        """
        return module_from(self.module, image_shape, n_outputs, type(self).__name__)

    def parameter_groups(self, module):
        """Return what the optimizer trains; override it for learning rates of your own.

        Parameters
        ----------
        module : torch.nn.Module
            What `build_module` returned, on its device.

        Returns
        -------
        groups : list of dict
            Parameter groups of torch: "params" and optionally "lr", "weight_decay" ...
        """
        return [{"params": [p for p in module.parameters() if p.requires_grad]}]

    def build_loss(self):
        """Return the loss; override it for one that reads fitted attributes as `classes_`.

        Returns
        -------
        loss : torch.nn.Module or callable
            From logits (n, n_outputs, ...) and class numbers (n, ...) of a batch to one loss per
            image (n,), or their mean.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method build_loss.")

    def _n_outputs(self):
        """Return the number of logits that the network returns."""
        raise NotImplementedError(f"{type(self).__name__} needs a method _n_outputs.")

    def _check_learned(self, training):
        """Warn if a fit learned nothing of its training Dataset."""

    def _load_weights(self, module):
        """Load pretrained weights into a new module; not called when a pickle is loaded."""

    def _batch_score(self):
        """Return the score of the history: a function like the loss, higher is better."""
        raise NotImplementedError(f"{type(self).__name__} needs a method _batch_score.")

    def _standardizes(self):
        """Return whether inputs are standardized by the mean and deviation of training images."""
        return False

    def _network_inputs(self, images):
        """Return the inputs of the module: the images, or features computed from them."""
        return images

    def _batch_transform(self):
        """Return an object whose `augment_batch` changes training batches, or None."""
        return as_augment(self.augment)

    def _begin_epoch(self, net):
        """Change the net before an epoch, as gradual unfreezing does."""

    # Fitting -------------------------------------------------------------------------------

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        groups=None,
        checkpoint=None,
        *,
        X_val=None,
        y_val=None,
        groups_val=None,
    ):
        """Train on images and their targets.

        Parameters
        ----------
        X : array-like (n, n_features), (n, height, width) or (n, height, width, channels); \
paths; LazyImages
            Any kind of X of the data contract.
        y : array-like (n,)
            Class labels; for a segmenter (n, height, width), rows or mask paths.
        sample_weight : array-like (n,) or None, default=None
            Non-negative; scaled to mean 1 over all images.
        groups : array-like (n,) or None, default=None
            Patients; with `early_stopping` none is on both sides of the inner split.
        checkpoint : str, os.PathLike or None, default=None
            Folder where the fit saves its state after every epoch. Whatever ends the process, the
            same call goes on from there, and ends bit-for-bit identical to a fit that was never
            interrupted; once it has ended, it returns at once. A folder holds one fit.
        X_val, y_val : like X and y, or None, default=None
            A validation set of your own. Its loss and score are in `history_`; early stopping and
            ``schedule="plateau"`` watch its loss, and no image of X is held back for that.
        groups_val : array-like (n_val,) or None, default=None
            Patients of `X_val`, needed where `groups` are given: a patient in both is refused.

        Returns
        -------
        self : estimator
        """
        fresh = not (self.warm_start and hasattr(self, "net_"))
        kept = None if checkpoint is None else FitCheckpoint(checkpoint)
        given = X_val, y_val, groups_val
        self._fit(X, y, sample_weight, groups, None, fresh, checkpoint=kept, validation=given)
        return self

    def _fit(
        self,
        X,
        y,
        sample_weight,
        groups,
        epochs,
        fresh,
        *,
        classes=None,
        checkpoint=None,
        validation=None,
    ):
        """Train for some epochs or `max_epochs`, from scratch if `fresh`, and return self."""
        check_callbacks(self.callbacks)
        options = {"classes": classes, "checkpoint": checkpoint, "validation": validation}
        datasets = self._prepare(X, y, sample_weight, groups, fresh, **options)
        # With warm_start a later fit, and after partial_fit another one, may train what is missing.
        is_whole = epochs is None and not self.warm_start
        epochs = epochs or self._n_epochs(len(datasets[0]))
        if is_whole:
            self._check_n_epochs(epochs, epochs)
        self._train(*datasets, epochs, FitTasks(self, epochs, X, y), checkpoint)
        self._check_learned(datasets[0])
        # Early stopping may have ended it before the last layers were unfrozen.
        if is_whole and self.n_iter_ < epochs:
            self._check_n_epochs(self.n_iter_, epochs)
        return self

    def _prepare(
        self,
        X,
        y,
        sample_weight=None,
        groups=None,
        fresh=True,
        *,
        classes=None,
        checkpoint=None,
        validation=None,
    ):
        """Return the datasets for training and validation; build the net if it is new."""
        # The seed comes before the net, for a resumed fit takes its seed from the checkpoint; the
        # checkpoint is opened last, when nothing can be refused any more.
        self._views()  # a wrong name is refused before training
        images, y, weights, groups = self._check_fit(X, y, sample_weight, groups, fresh)
        if fresh:
            self._start_targets(y, classes)
            self._seed = self._draw_seed(checkpoint)
        encoded = self._encode_targets(y)
        weights = self._balance(encoded, weights)
        held_out = check_validation(self, validation, groups)
        rows = self._inner_rows(encoded, groups) if held_out is None else (None, None)
        if fresh:
            if self._standardizes():
                self._learn_statistics(images, weights, rows[0])
            self._start_net()
        if checkpoint is not None:
            facts = fit_facts(self, images, encoded, weights, groups, held_out)
            checkpoint.check(facts, self._seed)
        # Mean 1 over the whole set: the learning rate
        # then does not depend on the unit of the weights.
        return self._datasets(images, encoded, weights / weights.mean(), rows, held_out)

    def _check_fit(self, X, y, sample_weight, groups, fresh):
        """Return validated images, targets, weights and groups, without samples of weight 0."""
        images = self._checked(X, reset=fresh)
        y = self._check_targets(y, images)
        groups = check_groups(groups, images)
        weights = check_weights(sample_weight, images)
        # A sample of weight 0 must have no influence at all: not on the classes, on the number of
        # steps, on the validation split or on batch normalization.
        kept = weights > 0
        if not kept.all():
            images, y, weights = images[kept], y[kept], weights[kept]
            groups = None if groups is None else groups[kept]
        return images, y, weights, groups

    def _checked(self, X, *, reset):
        """Return validated images whose scale of pixels is known, or is that of the fit."""
        images = self._check_X(X, reset=reset)
        check_scale(self, images, reset=reset)
        if reset:
            warn_of_unusual(type(self).__name__, images, self._standardizes())
        return images

    def _draw_seed(self, checkpoint):
        """Return the seed of this fit: from random_state, or that of the fit that is resumed."""
        seed = seed_from(self.random_state)
        if checkpoint is None or checkpoint.seed is None:
            return seed
        return checkpoint.seed

    def _inner_rows(self, encoded, groups):
        """Return the positions for training and, with early stopping, for validation."""
        if not self.early_stopping:
            return None, None
        return inner_split(encoded, groups, self.validation_fraction, self._seed)

    def _n_epochs(self, n):
        """Return the number of epochs for so many training images."""
        if self.max_epochs is not None:
            return self.max_epochs
        steps = n_steps(n, self.net_.plan.batch_size)
        return max(self._usual_epochs, math.ceil(self._least_steps / steps))

    def _learn_statistics(self, images, weights, rows):
        """Set mean and deviation from the training images, all or some rows of the images."""
        if rows is not None:
            images, weights = images[rows], weights[rows]
        self.input_mean_, self.input_std_ = input_statistics(images, weights, self._takes_rows)

    def _start_net(self):
        """Build the module from `_seed` and the net around it."""
        # torch's layers can only draw from its global generator: fresh_weights seeds that under a
        # lock and puts it back.
        with fresh_weights(self._seed):
            module = self._new_module()
        # Outside the lock, because weights may have to be downloaded.
        self._load_weights(module)
        # Resolved in fit, not in __init__: an estimator may be made on another machine.
        plan = self._plan(resolve_device(self.device))
        if isinstance(plan.criterion, OwnLoss):
            plan.criterion.try_on(self._logits_shape(2), plan.device, plan.precision.dtype)
        self.net_ = build_net(module, plan, self.parameter_groups(module))
        self.n_iter_ = 0

    def _new_module(self):
        """Return a new module for images of `image_shape_`, tried before it is trained."""
        shape = (math.prod(self.image_shape_),) if self._takes_rows else self.image_shape_
        module = self.build_module(shape, self._n_outputs())
        if self._is_own_network:
            return module
        example = torch.zeros(2, *shape[2:], *shape[:2])
        return finish_module(module, example, self._logits_shape(2), self._outputs_advice())

    def _logits_shape(self, n):
        """Return the shape of the logits of n images."""
        return (n, self._n_outputs())

    def _outputs_advice(self):
        """Return how many outputs a module needs, for the error."""
        return "It needs one logit per class."

    def _plan(self, device):
        """Return how the net is trained on a device, from the parameters."""
        pixels = 0 if self._takes_rows else int(np.prod(self.image_shape_[:2]))
        size = self._usual_batch_size if self.batch_size == "auto" else self.batch_size
        precision, standardize = resolve_precision(self.precision, device, pixels), None
        if self._standardizes():
            standardize = Standardize(self.input_mean_, self.input_std_)
            standardize = standardize.to(device, precision.dtype)
        return TrainingPlan(
            device=device,
            precision=precision,
            standardize=standardize,
            criterion=as_loss(self.build_loss(), precision.dtype, self._ignored),
            n_classes=len(self.classes_),
            score=self._batch_score(),
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            schedule=self.schedule,
            batch_size=size * self.accumulate,
            micro_batches=self.batch_size == "auto",
            micro_batch_size=size if self.accumulate > 1 else None,
            ema_decay=self.ema_decay,
            gradient_clip=self.gradient_clip,
            callbacks=None if self.callbacks is None else list(self.callbacks),
            reuse_memory=self.reuse_memory,
        )

    def _datasets(self, images, encoded, weights, rows, held_out=None):
        """Return the datasets for training and validation; None for the latter if there is none."""
        plan, augment = self.net_.plan, as_augment(self.augment)
        if isinstance(augment, OwnAugment) and len(self.image_shape_) == 3:
            has_masks = encoded.ndim > 1
            augment.try_on(self.image_shape_, has_masks, plan.device, plan.precision.dtype)
        inputs, validation = self._network_inputs(images), None
        if held_out is not None:
            validation = self._dataset(self._network_inputs(held_out[0]), *held_out[1:], None)
        elif rows[1] is not None:
            validation = self._dataset(inputs, encoded, weights, rows[1])
        mixup = getattr(self, "mixup", 0.0)  # which segmenters lack
        training = self._dataset(inputs, encoded, weights, rows[0], self._batch_transform(), mixup)
        return training, validation

    def _dataset(self, inputs, encoded, weights, rows, augment=None, mixup=0.0):
        """Return the chosen rows of inputs, targets and weights as a dataset on the device."""
        if augment is not None and len(self.image_shape_) == 1:
            raise ValueError(
                "augment needs images, but X holds rows; set image_shape=(height, width) if each "
                "row is an image, or augment=None."
            )
        if rows is not None:
            # Only here, after features are computed: those of all images come from one cache.
            inputs, encoded, weights = inputs[rows], encoded[rows], weights[rows]
        plan = self.net_.plan
        targets = {"y": encoded}
        if (weights != 1).any():  # equal weights are left out: the loss has a faster kernel then
            if isinstance(plan.criterion, OwnLoss):
                plan.criterion.refuse_weights()
            targets["w"] = weights.astype(
                np.float64 if plan.precision.dtype is torch.float64 else np.float32
            )
        return Dataset(
            inputs,
            plan.device,
            plan.precision,
            flat=self._takes_rows,
            augment=augment,
            mixup=mixup,
            targets=targets,
        )

    def _train(self, training, validation, epochs, tasks, checkpoint):
        """Train the net and set the fitted attributes that describe the training."""
        patience = self.n_iter_no_change if self.early_stopping else None
        self.interrupted_ = True
        try:
            with tasks:
                best = fit_network(
                    self.net_,
                    training,
                    validation,
                    epochs=epochs,
                    patience=patience,
                    # A warm start must not repeat the shuffles and dropout masks of the fit before.
                    seed=self._seed + self.n_iter_,
                    observer=tasks,
                    checkpoint=checkpoint,
                )
            self.interrupted_ = False
        finally:  # an interrupted fit is usable, and says that it was interrupted
            self._note_epochs()
        if best is not None:
            self.best_epoch_ = best

    def _note_epochs(self):
        """Set `history_` and `n_iter_` from the net."""
        self.history_ = plain_history(self.net_)
        self.n_iter_ = len(self.history_)

    # Running -------------------------------------------------------------------------------

    def _outputs(self, X, finish=None):
        """Return the network's outputs for each image, in order."""
        if not hasattr(self, "net_"):  # check_is_fitted is slow beside a prediction of one row
            check_is_fitted(self)
        images, views = self._checked(X, reset=False), self._views()
        inputs = images if views else self._network_inputs(images)
        return run_network(self.net_, inputs, flat=self._takes_rows, finish=finish, views=views)

    def _views(self):
        """Return the names of the views that predictions are averaged over, or none."""
        asked = getattr(self, "predict_augment", None)  # which networks on rows alone lack
        if asked is None:
            return ()
        if self._takes_rows:
            raise ValueError(
                f"predict_augment={asked!r} needs images, but this network takes rows: set it to "
                "None."
            )
        return per_layer_choice("predict_augment", asked, VIEWS, None)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # X may be images (n, height, width), which scikit-learn refuses without this tag.
        tags.input_tags.three_d_array = True
        return tags

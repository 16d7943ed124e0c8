"""skorch's net with our training steps, and predictions: the only importer of skorch."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

from skmedimg._device import autocast, exact_kernels, loss_scaler
from skmedimg._training.inference import InferenceBatches, are_few, inference_batches
from skmedimg._training.microbatches import MicroBatcher, concatenate, out_of_memory, take
from skmedimg._training.plan import OPTIMIZERS
from skmedimg._training.steps import MicroBatchStep, PlainStep
from skmedimg.networks._outputs import probabilities
from skmedimg.networks._views import mean_over_views

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Net(NeuralNet):
    """skorch's net with whole batches, sample weights, mixed precision and a tight epoch loop."""

    def __init__(self, module, plan, groups):
        super().__init__(
            module,
            criterion=plan.criterion,
            batch_size=plan.batch_size,
            lr=plan.learning_rate,
            train_split=None,
            callbacks=plan.callbacks,
            device=str(plan.device),
            verbose=0,
        )
        self.plan = plan
        self.groups = groups

    @property
    def _default_callbacks(self):
        return []

    def initialize_optimizer(self, triggered_directly=None):
        """Make the optimizer; fused kernels are 2.2 times as fast as torch's default."""
        plan = self.plan
        make = OPTIMIZERS.get(plan.optimizer, plan.optimizer)
        if plan.optimizer == "sgd" and plan.precision.autocast is torch.float16:
            # GradScaler skips a first step that overflows; a fused SGD then starts from a momentum
            # buffer that nobody filled.
            make = partial(make, fused=False)
        # Copies, because torch writes learning rates into the groups that it is given.
        groups = [dict(group) for group in self.groups]
        self.optimizer_ = make(groups, lr=plan.learning_rate, weight_decay=plan.weight_decay)
        return self

    def get_iterator(self, dataset, training=False):
        """Return whole batches in order; `fit_network` makes the shuffled ones."""
        return InferenceBatches(dataset)

    # Training -------------------------------------------------------------------------------

    def train_step(self, batch, **fit_params):
        """Take one training step on a batch; return its loss and outputs."""
        return self.stepper_.step(self, batch)

    def train_step_single(self, batch, share=1):
        """Add the gradients of a batch's mean loss, times its share of the step's images."""
        images, targets = batch
        outputs = self.infer(images)
        loss = self.get_loss(outputs, targets)
        if share != 1:
            loss = loss * share
        (loss if self.scaler_ is None else self.scaler_.scale(loss)).backward()
        return {"loss": loss.detach(), "y_pred": outputs.detach()}

    def apply_gradients(self, batch):
        """Clip the gradients, show them to callbacks, and step the optimizer and the schedule."""
        self.clip_gradients()
        if self.callbacks_:
            named = self.get_all_learnable_params()
            self.notify("on_grad_computed", named_parameters=named, batch=batch)
        if self._step_optimizer():
            self.finish_step()

    def drop_gradients(self):
        """Set all gradients to None; torch's zero_grad does the same in 10 microseconds more."""
        for weights in self.trainable_params_:
            weights.grad = None

    def clip_gradients(self):
        """Scale the gradients down to a norm of `gradient_clip`, if one is set."""
        if self.plan.gradient_clip is None:
            return
        if self.scaler_ is not None:
            self.scaler_.unscale_(self.optimizer_)
        nn.utils.clip_grad_norm_(self.trainable_params_, self.plan.gradient_clip)

    def finish_step(self):
        """Move on the schedule and the average of the weights, after a step of the optimizer."""
        self.step_schedule()
        if self.weight_average_ is not None:
            self.weight_average_.update(self)

    def averaged_weights(self):
        """Return a context in which the net has its averaged weights, where it has any."""
        if self.weight_average_ is None:
            return nullcontext()
        return self.weight_average_.applied(self)

    def step_schedule(self):
        """Move on to the next learning rate, where the schedule changes it at every step."""
        if self.lr_scheduler_ is not None:
            self.lr_scheduler_.step()

    def _step_optimizer(self):
        """Step the optimizer; False where float16 overflowed and the scaler left the step out."""
        try:
            if self.scaler_ is None:
                self.stepper_.step_optimizer(self)
                return True
            scale = self.scaler_.get_scale()
            self.scaler_.step(self.optimizer_)
            self.scaler_.update()
            return self.scaler_.get_scale() >= scale
        except (RuntimeError, MemoryError) as error:
            raise out_of_memory(error, self.plan.device, "for the optimizer's state") from None

    # Validation and prediction --------------------------------------------------------------

    @torch.inference_mode()
    def validation_step(self, batch, **fit_params):
        """Return the loss and outputs of a batch."""
        images, targets = batch
        run = self.inference_batcher_.run
        outputs = concatenate(run(lambda part: self.infer(take(images, part)), len(images)))
        return {"loss": self.get_loss(outputs, targets), "y_pred": outputs}

    def infer(self, x, **fit_params):
        """Return the network's outputs in full precision."""
        plan = self.plan
        if plan.standardize is not None:
            x = plan.standardize(x)
        if plan.precision.autocast is None:
            return self.module_(x)
        with autocast(plan.device, plan.precision):
            return self.module_(x).to(plan.precision.dtype)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the mean loss of a batch, with sample weights where the targets hold them."""
        if "y_mixed" in y_true:  # of mixup
            share = y_true["share"]
            first = self.criterion_(y_pred, y_true["y"]) * share * y_true.get("w", 1)
            second = self.criterion_(y_pred, y_true["y_mixed"]) * y_true.get("w_mixed", 1)
            return (first + second * (1 - share)).mean()
        if "w" in y_true:
            return (self.criterion_(y_pred, y_true["y"]) * y_true["w"]).mean()
        if hasattr(self.criterion_, "mean"):
            return self.criterion_.mean(y_pred, y_true["y"])
        return self.criterion_(y_pred, y_true["y"]).mean()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"  # scikit-learn's scorers ask
        return tags

    @property
    def classes_(self):
        """The numbers of the classes, for scikit-learn's scorers."""
        return np.arange(self.plan.n_classes)

    def predict(self, X):
        """Return encoded classes, for skorch's scoring callbacks."""
        return self.predict_proba(X).argmax(1)

    def predict_proba(self, X):
        """Return the probability of each class, for skorch's scoring callbacks."""
        outputs = torch.cat([torch.as_tensor(part) for part in self.forward_iter(X)])
        return probabilities(outputs.double()).cpu().numpy()

    # Epochs ---------------------------------------------------------------------------------

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run the batches of an epoch and record their mean loss and score."""
        self._set_training(training)
        if training:
            self.stepper_.begin_epoch(self)
        # skorch records every batch; only callbacks want that, and it waits for the GPU each time.
        step = self._notifying(step_fn, training, prefix) if self.callbacks_ else step_fn
        losses, sizes, pairs = [], [], []
        for batch in iterator:
            result = step(batch)
            losses.append(result["loss"])
            sizes.append(len(batch[0]))
            outputs, targets = result["y_pred"], batch[1]["y"]
            # Masks are scored at once, because an epoch of them would fill the memory; outputs of
            # classes wait, because one score of 45 batches costs as much as the score of one.
            dense = outputs.ndim > 2
            pairs.append((self.plan.score(outputs, targets),) if dense else (outputs, targets))
        self.record_epoch(prefix, torch.stack(losses), sizes, pairs)

    def _notifying(self, step_fn, training, prefix):
        """Return a step that callbacks and skorch's history hear of."""

        def step_and_notify(batch):
            plain = (batch[0], batch[1]["y"])
            self.notify("on_batch_begin", batch=plain, training=training)
            result = step_fn(batch)
            self.history.record_batch(f"{prefix}_loss", result["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", len(batch[0]))
            self.notify("on_batch_end", batch=plain, training=training, **result)
            return result

        return step_and_notify

    def record_epoch(self, prefix, losses, sizes, pairs):
        """Record the mean loss and score of an epoch from those of its batches."""
        _refuse_nan(self, prefix, losses)
        parts = [torch.cat(column) for column in zip(*pairs, strict=True)]
        scores = parts[0] if len(parts) == 1 else self.plan.score(*parts)
        weights = torch.tensor(sizes, dtype=losses.dtype, device=losses.device)
        self.history.record(f"{prefix}_loss", float((losses * weights).sum() / weights.sum()))
        self.history.record(f"{prefix}_score", float(scores.double().mean()))
        self.history.record(f"{prefix}_batch_count", len(sizes))


def build_net(module, plan, groups=None):
    """Return a net that is ready to train a module, or the parameter groups of it."""
    layout = torch.channels_last if plan.precision.channels_last else torch.preserve_format
    try:
        module = module.to(plan.device, plan.precision.dtype).to(memory_format=layout)
    except (RuntimeError, MemoryError) as error:
        raise out_of_memory(error, plan.device, "for the network's weights") from None
    groups = groups or [{"params": [p for p in module.parameters() if p.requires_grad]}]
    net = Net(module, plan, groups).initialize()
    # What a step needs at once is kept in lists: the optimizer's groups are slow to walk.
    net.trainable_params_ = [p for group in net.optimizer_.param_groups for p in group["params"]]
    net.scaler_ = loss_scaler(plan.device, plan.precision)
    net.lr_scheduler_ = net.plateau_scheduler_ = None  # lr_find trains without any
    net.weight_average_ = None
    net.inference_batcher_ = MicroBatcher(plan.device)
    net.stepper_ = PlainStep()
    if plan.micro_batches or plan.micro_batch_size:
        # BatchNorm cannot train on a single image.
        has_batch_norm = any(isinstance(layer, _BATCH_NORMS) for layer in module.modules())
        min_size = 2 if has_batch_norm else 1
        net.stepper_ = MicroBatchStep(plan.device, min_size, plan.micro_batch_size)
    return net


def run_network(net, images, *, flat=False, finish=None, batch_size=None, views=()):
    """Return a network's outputs for all images, in order, each batch mapped by `finish`.

    Without a batch size, batches are as large as caches like and short ones are padded, so that an
    image rounds the same in each; a few large images are not, since padding would cost too much.
    With names of `views` outputs are logits of the mean over them (test-time augmentation).
    """
    if net.module_.training:
        net.module_.eval()
    device, precision = net.plan.device, net.plan.precision

    infer = partial(mean_over_views, net.infer, names=views) if views else net.infer

    def run(batch, part):
        outputs = infer(take(batch, part))
        return (outputs if finish is None else finish(outputs)).cpu()

    options = {"flat": flat, "batch_size": batch_size, "pad": not (batch_size or are_few(images))}
    outputs = []
    with torch.inference_mode(), exact_kernels(device):
        for batch, count in inference_batches(images, device, precision, **options):
            parts = net.inference_batcher_.run(partial(run, batch), len(batch))
            outputs.append(concatenate(parts)[:count])
        return concatenate(outputs).numpy()


def _refuse_nan(net, prefix, losses):
    finite = torch.isfinite(losses)
    if finite.all():
        return
    epoch, batch = len(net.history), int((~finite).nonzero()[0, 0]) + 1
    cause = (
        f"Most often learning_rate is too high ({net.plan.learning_rate:g}): divide it by 10, set "
        "gradient_clip=1.0, or use precision='float32'; or X holds very large values."
    )
    if epoch == batch == 1:
        cause = (
            "That is before any step was taken: X holds values that are too large. Scale them "
            "(StandardScaler does it to rows), or use precision='float32'."
        )
    raise ValueError(
        f"The {prefix} loss became {float(losses[batch - 1])} in epoch {epoch}, batch {batch} of "
        f"{len(losses)}. {cause}"
    )

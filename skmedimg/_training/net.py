"""The steps of training and running a network: the only importer of skorch."""

from functools import partial

import torch
from skorch import NeuralNet
from torch import nn

from skmedimg._device import autocast, exact_kernels, loss_scaler
from skmedimg._training.inference import InferenceBatches, are_few, inference_batches
from skmedimg._training.microbatches import SMALLER, Pieces, explained, joined, rows_of
from skmedimg._training.plan import OPTIMIZERS

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Net(NeuralNet):
    """skorch's net with whole batches, weighted images, mixed precision and a tight epoch loop.

    Parameters
    ----------
    module : nn.Module
    plan : Plan
    groups : list of dict
        Parameter groups for the optimizer.
    """

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
            make = partial(make, fused=False)  # fused, a skipped first step spoils the momentum
        groups = [dict(group) for group in self.groups]  # torch writes its rates into them
        self.optimizer_ = make(groups, lr=plan.learning_rate, weight_decay=plan.weight_decay)
        return self

    def get_iterator(self, dataset, training=False):
        """Return whole batches in order; shuffled ones are made by `fit_network`."""
        return InferenceBatches(dataset)

    def train_step(self, batch, **fit_params):
        """Take one step of the optimizer and return its loss and outputs."""
        played = None if self.replay_ is None else self.replay_.step(batch)
        step = self.train_step_single(batch) if played is None else played
        stepped = played is not None and self.replay_.is_whole
        if not stepped:
            self.clip_gradients()
            if self.callbacks_:
                named = self.get_all_learnable_params()
                self.notify("on_grad_computed", named_parameters=named, batch=batch)
            stepped = self._step()
        if stepped and self.stepper_ is not None:
            self.stepper_.step()
        return step

    def train_step_single(self, batch, **fit_params):
        """Run one batch forward and backward, piece by piece where memory is short."""
        parts = self.training_pieces_.run(partial(self._learn, batch), len(batch[0]))
        if len(parts) == 1:
            return parts[0]
        losses, outputs = zip(*(part.values() for part in parts), strict=True)
        return {"loss": torch.stack(losses).sum(), "y_pred": joined(outputs)}

    def _learn(self, batch, piece):
        """Add a piece's gradients to those of the pieces before it."""
        images, targets = batch
        if piece is None or piece.start == 0:
            for weights in self.trained_:  # what zero_grad does, without its 10 us of bookkeeping
                weights.grad = None
        outputs = self.infer(rows_of(images, piece))
        loss = self.get_loss(outputs, {name: rows_of(targets[name], piece) for name in targets})
        if piece is not None:
            loss = loss * (len(outputs) / len(images))
        (loss if self.scaler_ is None else self.scaler_.scale(loss)).backward()
        return {"loss": loss.detach(), "y_pred": outputs.detach()}

    @torch.inference_mode()
    def validation_step(self, batch, **fit_params):
        """Run one batch forward."""
        images, targets = batch
        look = self.running_pieces_.run
        parts = look(lambda piece: self.infer(rows_of(images, piece)), len(images))
        outputs = joined(parts)
        return {"loss": self.get_loss(outputs, targets), "y_pred": outputs}

    def infer(self, x, **fit_params):
        """Return the network's outputs in full precision."""
        plan = self.plan
        if plan.precision.autocast is None:
            return self.module_(x)
        with autocast(plan.device, plan.precision):
            return self.module_(x).to(plan.precision.dtype)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the batch's mean loss, each image times its weight where they differ."""
        if "w" in y_true:
            return (self.criterion_(y_pred, y_true["y"]) * y_true["w"]).mean()
        if hasattr(self.criterion_, "mean"):
            return self.criterion_.mean(y_pred, y_true["y"])
        return self.criterion_(y_pred, y_true["y"]).mean()

    def predict(self, X):
        """Return encoded classes, for skorch's scoring callbacks."""
        outputs = torch.cat([torch.as_tensor(part) for part in self.forward_iter(X)])
        classes = outputs.argmax(1) if outputs.shape[1] > 1 else outputs[:, 0] > 0
        return classes.long().cpu().numpy()

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch; single batches are only announced where a callback listens."""
        self._set_training(training)
        if training and self.replay_ is not None:
            self.replay_.begin_epoch()
        take = self._announced(step_fn, training, prefix) if self.callbacks_ else step_fn
        losses, sizes, pairs = [], [], []
        for batch in iterator:
            step = take(batch)
            losses.append(step["loss"])
            sizes.append(len(batch[0]))
            pairs.append(self._score_if_dense(step["y_pred"], batch[1]["y"]))
        self.note_epoch(prefix, torch.stack(losses), sizes, pairs)

    def _announced(self, step_fn, training, prefix):
        """Wrap a step so that callbacks and skorch's history hear of each batch."""

        def step_and_tell(batch):
            plain = (batch[0], batch[1]["y"])
            self.notify("on_batch_begin", batch=plain, training=training)
            step = step_fn(batch)
            self.history.record_batch(f"{prefix}_loss", step["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", len(batch[0]))
            self.notify("on_batch_end", batch=plain, training=training, **step)
            return step

        return step_and_tell

    def _score_if_dense(self, outputs, targets):
        """Score masks at once, for they are large; class outputs wait: 45 scores cost as one."""
        return (self.plan.score(outputs, targets),) if outputs.ndim > 2 else (outputs, targets)

    def note_epoch(self, prefix, losses, sizes, pairs):
        """Put the mean loss and score of an epoch into the history, unless it is no number."""
        _refuse_nan(self, prefix, losses)
        parts = [torch.cat(column) for column in zip(*pairs, strict=True)]
        scores = parts[0] if len(parts) == 1 else self.plan.score(*parts)
        weights = torch.tensor(sizes, dtype=losses.dtype, device=losses.device)
        self.history.record(f"{prefix}_loss", float((losses * weights).sum() / weights.sum()))
        self.history.record(f"{prefix}_score", float(scores.double().mean()))
        self.history.record(f"{prefix}_batch_count", len(sizes))

    def _step(self):
        """Let the optimizer step; False where float16 overflowed and the step was left out."""
        try:
            return self._move()
        except (RuntimeError, MemoryError) as error:
            raise explained(error, self.plan.device, "the optimizer's numbers") from None

    def _move(self):
        if self.scaler_ is None:
            move = self.optimizer_.step if self.replay_ is None else self.replay_.move
            move()
            return True
        scale = self.scaler_.get_scale()
        self.scaler_.step(self.optimizer_)
        self.scaler_.update()
        return self.scaler_.get_scale() >= scale

    def clip_gradients(self):
        """Shorten the slopes to `gradient_clip`, where there is one."""
        if self.plan.gradient_clip is None:
            return
        if self.scaler_ is not None:
            self.scaler_.unscale_(self.optimizer_)
        nn.utils.clip_grad_norm_(self.trained_, self.plan.gradient_clip)


def build_net(module, plan, groups=None):
    """Return a skorch net around a module, ready to be trained.

    Parameters
    ----------
    module : nn.Module
    plan : Plan
    groups : list of dict or None, default=None
        Parameter groups; None is all parameters that ask for a gradient.

    Returns
    -------
    net : Net
    """
    layout = torch.channels_last if plan.precision.channels_last else torch.preserve_format
    try:
        module = module.to(plan.device, plan.precision.dtype).to(memory_format=layout)
    except (RuntimeError, MemoryError) as error:
        raise explained(error, plan.device, "the network's weights") from None
    groups = groups or [{"params": [p for p in module.parameters() if p.requires_grad]}]
    net = Net(module, plan, groups).initialize()
    net.trained_ = [weights for group in net.optimizer_.param_groups for weights in group["params"]]
    net.scaler_, net.stepper_ = loss_scaler(plan.device, plan.precision), None
    net.replay_ = None
    net.training_pieces_, net.running_pieces_ = _training_pieces(net), Pieces(plan.device, SMALLER)
    return net


def run_network(net, images, *, flat=False, finish=None, batch_size=None):
    """Return a network's outputs for all images, in order.

    Parameters
    ----------
    net : Net
    images : ndarray (n, height, width, channels) or (n, n_features), or LazyImages
    flat : bool, default=False
    finish : callable or None, default=None
        Maps each batch of outputs to what is kept of it, on the device.
    batch_size : int or None, default=None
        None: as many images as caches like, short batches padded so that each image rounds the
        same, unless there are few and large ones. A number: so many, unpadded.

    Returns
    -------
    outputs : ndarray (n, ...)
    """
    if net.module_.training:
        net.module_.eval()
    plan, parts = net.plan, []
    way = {"flat": flat, "batch_size": batch_size, "pads": not (batch_size or are_few(images))}
    with torch.inference_mode(), exact_kernels(plan.device):
        for batch, count in inference_batches(images, plan.device, plan.precision, **way):
            run = partial(_run_piece, net, finish, batch)
            parts.append(joined(net.running_pieces_.run(run, len(batch)))[:count])
        return joined(parts).numpy()


def _run_piece(net, finish, rows, piece):
    outputs = net.infer(rows_of(rows, piece))
    return (outputs if finish is None else finish(outputs)).cpu()


def _training_pieces(net):
    """Cut steps only where the user left the batch size to us; BatchNorm needs two images."""
    plan = net.plan
    if not plan.in_pieces:
        way_out = (
            f"Instead of batch_size={plan.batch_size} set 'auto', which takes a step in pieces"
        )
        return Pieces(plan.device, f"{way_out} that fit, or a smaller number.", halve=False)
    has_batch_norm = any(isinstance(part, _BATCH_NORMS) for part in net.module_.modules())
    return Pieces(plan.device, SMALLER, smallest=1 + has_batch_norm)


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

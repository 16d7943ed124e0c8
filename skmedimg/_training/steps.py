"""Training steps: from a batch to gradients and a step of the optimizer, in three ways."""

from functools import partial
from itertools import chain

import torch

from skmedimg._device import release_memory
from skmedimg._training.cuda_graphs import GraphReplay
from skmedimg._training.microbatches import (
    MicroBatcher,
    concatenate,
    is_out_of_memory,
    out_of_memory,
    take,
)

# Their fused kernels read the learning rate on the device, where a captured step can find it.
_CAPTURABLE = ("adam", "adamw", "sgd")


class PlainStep:
    """Trains on whole batches."""

    # Steppers are handed their net and do not hold it: a circle of references would keep the
    # memory of every fit of a search until Python's garbage collector runs.

    def begin_epoch(self, net):
        """Prepare for an epoch, in which the same layers are trained at every step."""

    def step(self, net, batch):
        """Take one step of the optimizer on a batch; return its loss and outputs."""
        result = self.compute_gradients(net, batch)
        net.apply_gradients(batch)
        return result

    def compute_gradients(self, net, batch):
        """Run a batch forward and backward; return its loss and outputs."""
        net.drop_gradients()
        try:
            return net.train_step_single(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            advice = (
                f"Instead of batch_size={net.plan.batch_size} set 'auto', which splits what does "
                "not fit into micro-batches, or a smaller number."
            )
            what = f"with {len(batch[0])} images at once"
            failure = out_of_memory(error, net.plan.device, what, advice)
        # Raised out here, no frame of the first error holds on to what was computed.
        release_memory(net.plan.device)
        raise failure

    def step_optimizer(self, net):
        """Move the weights by their gradients."""
        net.optimizer_.step()


class MicroBatchStep(PlainStep):
    """Trains on micro-batches once a batch does not fit into memory, and accumulates gradients.

    With `max_size` it does so from the start.
    """

    def __init__(self, device, min_size, max_size=None):
        self.batcher = MicroBatcher(device, min_size, max_size)

    def compute_gradients(self, net, batch):
        parts = self.batcher.run(partial(self._accumulate, net, batch), len(batch[0]))
        if len(parts) == 1:
            return parts[0]
        losses, outputs = zip(*(part.values() for part in parts), strict=True)
        return {"loss": torch.stack(losses).sum(), "y_pred": concatenate(outputs)}

    def _accumulate(self, net, batch, part):
        """Add the gradients of a micro-batch to those of the micro-batches before it."""
        if part is None or part.start == 0:  # a batch that is tried again starts anew
            net.drop_gradients()
        if part is None:
            return net.train_step_single(batch)
        images, targets = batch
        micro_batch = take(images, part), {name: take(y, part) for name, y in targets.items()}
        # Weighted by its size, the mean loss of each adds up to the mean loss of the batch.
        return net.train_step_single(micro_batch, len(micro_batch[0]) / len(images))


class GraphStep:
    """Trains by replaying a CUDA graph of a step, and by another stepper where none fits."""

    def __init__(self, net, eager, generator):
        plan = net.plan
        self.eager = eager
        self.replay = GraphReplay(plan.device, generator)
        # float16 inspects its gradients before the optimizer may step, and float64 needs learning
        # rates of more digits than the device's float32 has: their graphs end with the gradients.
        exact = plan.precision.dtype is torch.float32 and net.scaler_ is None
        self.captures_optimizer = exact and plan.optimizer in _CAPTURABLE
        self.lrs = torch.zeros(len(net.optimizer_.param_groups), device=plan.device)
        self.lrs_on_device = self.trained = None

    def begin_epoch(self, net):
        """Capture anew where other layers are trained than in the epoch before."""
        module = net.module_
        trained = [weights.requires_grad for weights in module.parameters()]
        trained += [layer.training for layer in module.modules()]
        if trained != self.trained:
            self.trained = trained
            self.replay.reset()

    def step(self, net, batch):
        """Take one step of the optimizer on a batch; return its loss and outputs."""
        if self.captures_optimizer:
            self._copy_learning_rates(net.optimizer_)
        images, targets = batch
        # A graph of a whole batch cannot be captured any more once batches are split.
        is_split = isinstance(self.eager, MicroBatchStep) and self.eager.batcher.max_size
        work = partial(self._captured, net, list(targets))
        replayed = None if is_split else self.replay.run(work, [images, *targets.values()])
        if replayed is None:
            return self.eager.step(net, batch)
        if self.captures_optimizer:
            net.finish_step()
        else:
            for weights, gradient in self.gradients:
                weights.grad = gradient
            net.apply_gradients(batch)
        return dict(zip(("loss", "y_pred"), replayed, strict=True))

    def step_optimizer(self, net, capturing=False):
        """Move the weights by their gradients, at learning rates that lie on the device."""
        optimizer = net.optimizer_
        if not self.captures_optimizer:
            optimizer.step()
            return
        # A graph reads its rates from the device, so that the schedule can change them between
        # replays. Steps that are not replayed read the same tensors, because a rate in Python's
        # float64 would round differently. Afterwards the groups get their own values back: the
        # schedule, checkpoints and the history read their rates, and the net may move to the CPU,
        # where torch refuses capturable steps.
        before = [dict(group) for group in optimizer.param_groups]
        for group, lr in zip(optimizer.param_groups, self.lrs, strict=True):
            group["lr"] = lr
            group["capturable"] = capturing
        try:
            optimizer.step()
        finally:
            for group, options in zip(optimizer.param_groups, before, strict=True):
                group.clear()
                group.update(options)

    def _captured(self, net, names, images, *targets):
        """Compute what a graph replays: loss, outputs, gradients and where possible the step."""
        net.drop_gradients()
        result = net.train_step_single((images, dict(zip(names, targets, strict=True))))
        if self.captures_optimizer:
            net.clip_gradients()
            self.step_optimizer(net, capturing=True)
        else:
            self.gradients = [(weights, weights.grad) for weights in net.trainable_params_]
        return result["loss"], result["y_pred"]

    def _copy_learning_rates(self, optimizer):
        lrs = [group["lr"] for group in optimizer.param_groups]
        if lrs != self.lrs_on_device:
            self.lrs_on_device = lrs
            self.lrs.copy_(torch.tensor(lrs), non_blocking=True)


def graph_step(net, generator, n_steps):
    """Return a `GraphStep` where capturing pays for so many steps, else the net's own stepper."""
    layers = chain(net.module_.modules(), net.criterion_.modules())
    # Callbacks want to see each step; a replayed one runs no Python.
    if net.callbacks_ or not GraphReplay.is_worth_it(net.plan.device, n_steps, layers):
        return net.stepper_
    return GraphStep(net, net.stepper_, generator)

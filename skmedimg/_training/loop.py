"""Trains a network epoch by epoch, from its last checkpoint on where there is one."""

from skmedimg._device import exact_kernels, generator, keep_freed_memory
from skmedimg._training.batches import TrainingBatches
from skmedimg._training.concurrent_fits import trainer_for
from skmedimg._training.inference import InferenceBatches
from skmedimg._training.plan import (
    BestEpoch,
    EpochObserver,
    FitState,
    start_schedule,
    step_plateau,
)
from skmedimg._training.steps import graph_step
from skmedimg._training.weight_average import WeightAverage
from skmedimg.networks._blocks import set_generator


def fit_network(
    net, training, validation=None, *, epochs, seed, patience=None, observer=None, checkpoint=None
):
    """Train a net on a Dataset; with `patience`, keep the best epoch and return its index.

    The seed orders the images and draws dropout and augmentation. A validation Dataset is scored
    after every epoch; after `patience` epochs without a lower validation loss training stops.
    """
    plan, observer = net.plan, observer or EpochObserver()
    # Two generators: with augmentation or dropout, on any device, the order stays the same.
    shuffler, draws = generator(seed), generator(seed + 1, plan.device)
    batches = TrainingBatches(training, plan.batch_size, shuffler, draws)
    start_schedule(net, epochs, len(batches))
    net.weight_average_ = None if plan.ema_decay is None else WeightAverage(plan.ema_decay)
    best = BestEpoch(patience) if patience is not None else None
    state = FitState(net, (shuffler, draws), best)
    set_generator(net.module_, draws)
    stepper = net.stepper_
    net.stepper_ = graph_step(net, draws, epochs * len(batches))
    # Activations of rows are small: only those of images are worth keeping their memory for.
    on_images = plan.device.type == "cpu" and len(training.images.shape) > 2
    try:
        with keep_freed_memory(plan.reuse_memory and on_images), exact_kernels(plan.device):
            net.notify("on_train_begin", X=training, y=None)
            with trainer_for(net, batches) as trainer:
                _run_epochs(state, trainer, validation, epochs, observer, checkpoint)
            net.notify("on_train_end", X=training, y=None)
    finally:  # also after Ctrl-C, which leaves a usable net
        set_generator(net.module_, None)
        net.stepper_ = stepper
        if net.history and "train_loss" not in net.history[-1]:
            net.history.pop()  # of an interrupted epoch, which has no loss
        net.drop_gradients()  # on a GPU they hold the memory of a whole graph
        if net.weight_average_ is not None:
            net.weight_average_.apply(net)
            net.weight_average_ = None
        if best is not None:
            best.restore(net)
    return best.epoch if best is not None else None


def _run_epochs(state, trainer, validation, epochs, observer, checkpoint):
    watched = None if validation is None else InferenceBatches(validation)
    done, over = 0, False
    if checkpoint is not None:
        done, over = checkpoint.resume(state)
        observer.skip_epochs(done)
    while not over:
        over = _run_epoch(state, trainer, watched, observer)
        done += 1
        over |= done == epochs
        if checkpoint is not None:
            checkpoint.save(state, over)


def _run_epoch(state, trainer, watched, observer):
    """Run an epoch; return whether a callback, the patience or the observer ends the fit."""
    net, best = state.net, state.best
    data = {"dataset_train": trainer.dataset, "dataset_valid": watched and watched.dataset}
    observer.begin_epoch(net)
    net.notify("on_epoch_begin", **data)
    net.history.record("learning_rate", net.optimizer_.param_groups[0]["lr"])
    trainer.train_epoch()
    with net.averaged_weights():
        if watched is not None:
            net.run_single_epoch(watched, False, "valid", net.validation_step)
        over = _is_stopped_by_callbacks(net, data)
        step_plateau(net)
        over |= best is not None and best.update(net)
        return bool(observer.end_epoch(net)) or over


def _is_stopped_by_callbacks(net, data):
    """Notify callbacks of the end of an epoch; they stop a fit by raising KeyboardInterrupt."""
    if not net.callbacks_:
        return False
    try:
        net.notify("on_epoch_end", **data)
    except KeyboardInterrupt:
        return True
    return False

"""Training a network epoch by epoch, from its last checkpoint on where there is one."""

from skmedimg._device import exact_kernels, generator, keep_freed_memory
from skmedimg._training.batches import TrainingBatches
from skmedimg._training.concurrent_fits import company
from skmedimg._training.cuda_graphs import replay_of
from skmedimg._training.inference import InferenceBatches
from skmedimg._training.plan import BestEpoch, Course, Listener, start_schedule, step_plateau
from skmedimg.networks._blocks import set_generator


def fit_network(
    net, training, validation=None, *, epochs, seed, patience=None, listener=None, checkpoint=None
):
    """Train a net for some epochs.

    Parameters
    ----------
    net : Net
    training : Dataset
        With targets "y" and, where images differ in weight, "w".
    validation : Dataset or None, default=None
        Watched after every epoch; with `patience`, the weights of its best epoch are restored.
    epochs : int
    seed : int
        Orders the rows and draws dropout and augmentation.
    patience : int or None, default=None
        Epochs without a lower validation loss after which training stops.
    listener : Listener or None, default=None
    checkpoint : FitCheckpoint or None, default=None
        Where each epoch is kept, and where an earlier run of this fit may have left some.

    Returns
    -------
    best_epoch : int or None
        Index in the history of the epoch whose weights are kept, with `patience` only.
    """
    plan, listener = net.plan, listener or Listener()
    shuffler, draws = generator(seed), generator(seed + 1, plan.device)
    batches = TrainingBatches(training, plan.batch_size, shuffler, draws)
    start_schedule(net, epochs, len(batches))
    best = BestEpoch(patience) if patience is not None else None
    course = Course(net, (shuffler, draws), best)
    set_generator(net.module_, draws)
    net.replay_ = replay_of(net, draws, epochs * len(batches))
    try:
        with keep_freed_memory(_is_memory_hungry(plan, training)), exact_kernels(plan.device):
            net.notify("on_train_begin", X=training, y=None)
            with company(net, batches) as trainer:
                _run_epochs(course, trainer, validation, epochs, listener, checkpoint)
            net.notify("on_train_end", X=training, y=None)
    finally:
        set_generator(net.module_, None)
        net.replay_ = None
        _forget_unfinished(net)
        _forget_gradients(net)
        if best is not None:
            best.restore(net)
    return best.epoch if best is not None else None


def _run_epochs(course, trainer, validation, epochs, listener, checkpoint):
    watched = None if validation is None else InferenceBatches(validation)
    done, over = 0, False
    if checkpoint is not None:
        done, over = checkpoint.resume(course)
        listener.skip_epochs(done)
    while not over:
        over = _run_epoch(course, trainer, watched, listener)
        done += 1
        over |= done == epochs
        if checkpoint is not None:
            checkpoint.keep(course, over)


def _run_epoch(course, trainer, watched, listener):
    """Run an epoch; return whether somebody asks for it to be the last."""
    net, best = course.net, course.best
    data = {"dataset_train": trainer.dataset, "dataset_valid": watched and watched.dataset}
    listener.begin_epoch(net)
    net.notify("on_epoch_begin", **data)
    net.history.record("learning_rate", net.optimizer_.param_groups[0]["lr"])
    trainer.train_epoch()
    if watched is not None:
        net.run_single_epoch(watched, False, "valid", net.validation_step)
    over = _called_off(net, data)
    step_plateau(net)
    over |= best is not None and best.see(net)
    return bool(listener.end_epoch(net)) or over


def _forget_unfinished(net):
    """Take an epoch that was interrupted out of the history: it has no loss to tell of."""
    if net.history and "train_loss" not in net.history[-1]:
        net.history.pop()


def _forget_gradients(net):
    """Give back their memory, which on a GPU keeps that of a whole recording."""
    for weights in net.trained_:
        weights.grad = None


def _called_off(net, data):
    """Tell callbacks that an epoch ended; skorch's way to stop is to raise KeyboardInterrupt."""
    if not net.callbacks_:
        return False
    try:
        net.notify("on_epoch_end", **data)
    except KeyboardInterrupt:
        return True
    return False


def _is_memory_hungry(plan, dataset):
    return plan.reuse_memory and plan.device.type == "cpu" and len(dataset.images.shape) > 2

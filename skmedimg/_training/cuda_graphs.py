"""Work recorded on a GPU once and played back with other numbers: the one place for CUDA graphs."""

import contextlib
import gc
import threading
from itertools import chain

import torch

# Steps taken before one is recorded: in the first, libraries choose kernels and take memory.
_WARM = 3

# A recording takes some 30 ms and saves a small network 0.8 at every step.
_WORTH = 60

# Whose layers ask for the same kernels at every step; what others do in Python, nobody knows.
_KNOWN = ("torch.nn.", "torchvision.", "skmedimg.")

# Optimizers whose fused kernels read the rate on the device.
_STEERED = ("adam", "adamw", "sgd")

_lock = threading.Lock()  # torch records one graph at a time


class Replay:
    """A function of tensors that is asked for again and again, played back where it can be.

    A small network computes for microseconds what Python takes a millisecond to ask for, kernel by
    kernel. A recording is asked for once.

    Parameters
    ----------
    device : torch.device
    generator : torch.Generator or None, default=None
        What is drawn from, on the device.
    """

    def __init__(self, device, generator=None):
        self.device, self.generator = device, generator
        self.failed = False
        self.forget()

    def forget(self):
        """Begin anew: something else is to be computed from now on."""
        self.shapes, self.seen = None, 0
        self.graph = self.inputs = self.outputs = None

    def play(self, work, inputs):
        """Return what work makes of inputs; None where it is to be asked itself.

        Parameters
        ----------
        work : callable
            The same each time: maps tensors on the device to a tuple of tensors.
        inputs : list of Tensor

        Returns
        -------
        outputs : list of Tensor, or None
        """
        shapes = [tensor.shape for tensor in inputs]
        self.shapes = self.shapes or shapes
        if shapes != self.shapes:  # the last batch of an epoch
            return None
        if self.graph is None and not self._record(work, inputs):
            return None
        for held, given in zip(self.inputs, inputs, strict=True):
            held.copy_(given)
        self.graph.replay()
        return [values.clone() for values in self.outputs]  # the next play writes over them

    def _record(self, work, inputs):
        """Record the work once it is warm; False where there is no recording, or none yet."""
        self.seen += 1
        if self.seen <= _WARM or self.failed:
            return False
        graph, held = torch.cuda.CUDAGraph(), [torch.empty_like(tensor) for tensor in inputs]
        with self._draws_recorded(graph):
            side = torch.cuda.Stream(self.device)
            with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
                self.outputs = work(*held)
            self.graph, self.inputs = graph, held
        if self.failed:
            gc.collect()  # what was recorded of the slopes must not meet those computed from now on
        return not self.failed

    @contextlib.contextmanager
    def _draws_recorded(self, graph):
        """Let a graph draw; after a failure all is as it was, and is not tried again.

        A GPU may be too full for a recording, and work that waits for it cannot be recorded.
        """
        spare = None
        if self.generator is not None:
            spare = self.generator.clone_state()
            graph.register_generator_state(self.generator)
        # the outer stream is put back even where torch leaves its own
        with _lock, torch.cuda.device(self.device), torch.cuda.stream(torch.cuda.current_stream()):
            try:
                yield
            except RuntimeError:
                self.failed, self.outputs = True, None
                if spare is not None:  # it would believe for ever that it is recorded
                    self.generator.graphsafe_set_state(spare)


class StepReplay:
    """The steps of a net, played back where they can be: both passes, and the optimizer's move.

    Parameters
    ----------
    net : Net
    generator : torch.Generator
        What dropout draws from.

    Attributes
    ----------
    is_whole : bool
        Whether the move is part of it. Optimizers that take their rate from the device are named in
        `_STEERED`; float16 looks at its slopes in between, and double precision needs finer rates.
    """

    def __init__(self, net, generator):
        plan = net.plan
        self.net, self.trained = net, None
        self.replay = Replay(plan.device, generator)
        full = plan.precision.dtype is torch.float32 and net.scaler_ is None
        self.is_whole = full and plan.optimizer in _STEERED
        self.asked = None
        self.rates = torch.zeros(len(net.optimizer_.param_groups), device=plan.device)

    def begin_epoch(self):
        """Record anew where other layers are trained than in the epoch before."""
        module = self.net.module_
        trained = [weights.requires_grad for weights in module.parameters()]
        trained += [part.training for part in module.modules()]
        if trained != self.trained:
            self.trained = trained
            self.replay.forget()

    def step(self, batch):
        """Return loss and outputs of a batch, its slopes in place; None has it computed."""
        images, targets = batch
        if self.is_whole:
            self._set_rates()
        if self.net.training_pieces_.most is not None:
            return None
        self.names = list(targets)
        played = self.replay.play(self._learn, [images, *targets.values()])
        if played is None:
            return None
        for weights, slope in self.slopes:
            weights.grad = slope
        loss, outputs = played
        return {"loss": loss, "y_pred": outputs}

    def move(self, *, recorded=False):
        """Let the optimizer step as a recording does, so that both round alike."""
        groups = self.net.optimizer_.param_groups
        if not self.is_whole:
            self.net.optimizer_.step()
            return
        kept = [dict(group) for group in groups]
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate
            group["capturable"] = recorded
        try:
            self.net.optimizer_.step()
        finally:
            for group, before in zip(groups, kept, strict=True):
                group.clear()
                group.update(before)

    def _set_rates(self):
        """Bring this step's learning rates to the device, all at once."""
        asked = [group["lr"] for group in self.net.optimizer_.param_groups]
        if asked != self.asked:
            self.asked = asked
            self.rates.copy_(torch.tensor(asked), non_blocking=True)

    def _learn(self, images, *targets):
        """Do what is recorded."""
        net = self.net
        step = net._learn((images, dict(zip(self.names, targets, strict=True))), None)
        self.slopes = []
        if self.is_whole:
            net.clip_gradients()
            self.move(recorded=True)
        else:
            self.slopes = [(weights, weights.grad) for weights in net.trained_]
        return step["loss"], step["y_pred"]


def replay_of(net, generator, steps):
    """Return what plays the steps of a net back on a GPU, or None where it does not pay.

    Parameters
    ----------
    net : Net
    generator : torch.Generator
        What dropout draws from.
    steps : int
        How many there will be.

    Returns
    -------
    replay : StepReplay or None
    """
    parts = chain(net.module_.modules(), net.criterion_.modules())
    if net.callbacks_ or not pays(net.plan.device, steps, parts):
        return None
    return StepReplay(net, generator)


def pays(device, steps, parts=()):
    """Tell whether steps are worth a recording, and all layers are known to stand it.

    Parameters
    ----------
    device : torch.device
    steps : int
        How many there will be.
    parts : iterable of nn.Module, default=()

    Returns
    -------
    worth_it : bool

    Examples
    --------
    >>> import torch
    >>> from skmedimg._training.cuda_graphs import pays
    >>> pays(torch.device("cuda"), 1000, torch.nn.ReLU().modules())
    True
    >>> pays(torch.device("cpu"), 1000)
    False
    """
    return device.type == "cuda" and steps >= _WORTH and all(map(_is_known, parts))


def _is_known(part):
    hooks = part._forward_hooks or part._forward_pre_hooks or part._backward_hooks
    return not hooks and f"{type(part).__module__}.".startswith(_KNOWN)

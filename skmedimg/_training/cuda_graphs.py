"""Captures work on a GPU as CUDA graphs and replays them with other numbers."""

import contextlib
import gc
import threading

import torch

# Runs before a capture: in the first, libraries choose kernels and allocate memory.
_WARM_UP = 3

# Layers of these packages ask for the same kernels at every step; the Python in others may not.
_CAPTURABLE = ("torch.nn.", "torchvision.", "skmedimg.")

_lock = threading.Lock()  # torch captures one graph at a time


class GraphReplay:
    """Replays a function of tensors that is called again and again with the same shapes.

    Python takes a millisecond to launch, kernel by kernel, what a GPU computes in microseconds for
    a small network. A graph is launched once.
    """

    min_steps = 60  # a capture takes some 30 ms and saves a small network 0.8 ms at every step

    @classmethod
    def is_worth_it(cls, device, n_steps, layers=()):
        """Tell whether so many steps repay a capture, and all layers are known to stand it."""
        enough = device.type == "cuda" and n_steps >= cls.min_steps
        return enough and all(map(_is_capturable, layers))

    def __init__(self, device, generator=None):
        self.device = device
        self.generator = generator  # of the device; the function draws from it
        self.failed = False
        self.reset()

    def reset(self):
        """Forget the graph, because another function is computed from now on."""
        self.shapes, self.n_calls = None, 0
        self.graph = self.inputs = self.outputs = None

    def run(self, work, inputs):
        """Return work(*inputs) from a replayed graph; None means that the caller computes it."""
        shapes = [tensor.shape for tensor in inputs]
        self.shapes = self.shapes or shapes
        if shapes != self.shapes:  # the last batch of an epoch is smaller
            return None
        if self.graph is None and not self._capture(work, inputs):
            return None
        for captured, given in zip(self.inputs, inputs, strict=True):
            captured.copy_(given)
        self.graph.replay()
        return [values.clone() for values in self.outputs]  # the next replay overwrites them

    def _capture(self, work, inputs):
        """Capture work once it is warm; False where there is no graph, or none yet."""
        self.n_calls += 1
        if self.n_calls <= _WARM_UP or self.failed:
            return False
        graph, captured = torch.cuda.CUDAGraph(), [torch.empty_like(tensor) for tensor in inputs]
        with self._recovering(graph):
            side = torch.cuda.Stream(self.device)
            with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
                self.outputs = work(*captured)
            self.graph, self.inputs = graph, captured
        if self.failed:
            gc.collect()  # captured gradients must not meet those that are computed from now on
        return not self.failed

    @contextlib.contextmanager
    def _recovering(self, graph):
        """Let a graph draw random numbers; after a failed capture restore the state before it.

        A GPU may be too full for a graph, and work that waits for the GPU cannot be captured. It
        would fail again, so it is not tried twice.
        """
        spare = None
        if self.generator is not None:
            spare = self.generator.clone_state()
            graph.register_generator_state(self.generator)
        # The outer stream is put back even where torch leaves its own.
        with _lock, torch.cuda.device(self.device), torch.cuda.stream(torch.cuda.current_stream()):
            try:
                yield
            except RuntimeError:
                self.failed, self.outputs = True, None
                if spare is not None:  # else the generator stays in capture mode for ever
                    self.generator.graphsafe_set_state(spare)


def _is_capturable(layer):
    if not getattr(layer, "can_be_captured", True):
        return False
    hooks = layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks
    return not hooks and f"{type(layer).__module__}.".startswith(_CAPTURABLE)

"""Kill fits at random moments, call them again, and compare with fits that nobody touched.

    python tests/training/killed_fits.py KILLS SEED [MODEL ...]

One process loads the libraries and forks a child for every fit, so that a kill costs milliseconds.
"""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits

from skmedimg import Augmenter, ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter
from skmedimg.datasets import make_lesions

STOP_EARLY = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 9}
AUGMENT = {"augment": Augmenter(rotation=10, noise=0.02)}
MODELS = {
    "mlp": ShallowMLP((16,), dropout=0.3, max_epochs=20, random_state=0, **STOP_EARLY),
    "cnn": ScratchCNN(
        (4, 4), norm="batch", schedule="onecycle", max_epochs=25, random_state=0, **AUGMENT
    ),
    "transfer": TransferClassifier(
        "squeezenet1_1", weights=None, trainable_layers=1, head_units=(8,), head_dropout=0.3,
        max_epochs=25, random_state=0,
    ),
    "unet": UNetSegmenter((4, 4), patch_size=16, max_epochs=6, random_state=0, **AUGMENT),
}  # fmt: skip


def data_of(name):
    if name == "mlp":
        X, y = load_digits(return_X_y=True)
        return X[:200], y[:200]
    data = make_lesions(24, size=32, random_state=0)
    return data.images, data.masks if name == "unet" else data.target


def fit_in_child(model, data, folder, result, deadline=None):
    """Fit in a child; kill it after `deadline` seconds; return whether it ended by itself."""
    child = os.fork()
    if child == 0:
        fitted = model.fit(*data, checkpoint=folder)
        Path(result).write_bytes(bits_of(fitted, data[0]))
        os._exit(0)
    if deadline is not None:
        time.sleep(deadline)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == 0


def bits_of(fitted, X):
    """Return all that makes a fitted model, as bytes."""
    facts = fitted.history_, fitted.n_iter_, getattr(fitted, "best_epoch_", None)
    state = fitted.__getstate__()["net_"]
    arrays = [*state["weights"].values(), *state["optimizer"].values(), fitted.predict(X)]
    return b"".join([repr(facts).encode(), *(np.asarray(array).tobytes() for array in arrays)])


def kill_fits(name, kills, chance):
    model, data = MODELS[name], data_of(name)
    done = fits = 0
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        assert fit_in_child(model, data, f"{home}/untouched", f"{home}/expected")
        takes = time.perf_counter() - began
        while done < kills:
            fits += 1
            place = f"{home}/{fits}", f"{home}/result"
            while not fit_in_child(model, data, *place, deadline=chance.uniform(0, takes)):
                done += 1
            assert Path(place[1]).read_bytes() == Path(f"{home}/expected").read_bytes(), name
    print(f"{name}: {done} kills, {fits} fits, bit-for-bit identical", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    chance = random.Random(int(sys.argv[2]))
    for each in sys.argv[3:] or MODELS:
        kill_fits(each, int(sys.argv[1]), chance)

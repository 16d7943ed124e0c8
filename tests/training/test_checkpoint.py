"""A killed fit goes on from its checkpoint, bit-for-bit identical to one that was not."""

import errno
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from skmedimg import (
    Augmenter,
    Pipeline,
    ScratchCNN,
    ShallowMLP,
    TransferClassifier,
    UNetSegmenter,
)
from skmedimg.datasets import make_lesions

ROWS, LABELS = load_digits(return_X_y=True)
ROWS, LABELS = ROWS[:120], LABELS[:120]
LESIONS = make_lesions(24, size=32, random_state=0)
GROUPS = np.arange(120) // 2
SHORT = {"max_epochs": 4, "random_state": 0}
WATCHED = {"early_stopping": True, "validation_fraction": 0.3}
CHANGED = {"augment": Augmenter(rotation=10, noise=0.02)}
MLP = ShallowMLP((8,), **SHORT)
MODELS = {
    "mlp": ShallowMLP((8,), dropout=0.3, schedule="onecycle", **SHORT, **WATCHED),
    "mlp-float16": ShallowMLP((8,), precision="float16", optimizer="sgd", **SHORT),
    "cnn": ScratchCNN((4, 4), norm="batch", schedule="plateau", **SHORT, **CHANGED, **WATCHED),
    "cnn-channels-last": ScratchCNN((4, 4), precision="bfloat16", optimizer="rmsprop", **SHORT),
    "transfer": TransferClassifier(
        "squeezenet1_1", weights=None, trainable_layers=2, unfreeze_after=2, head_dropout=0.3,
        **SHORT, **CHANGED,
    ),
    "frozen": TransferClassifier("resnet18", weights=None, head_units=(8,), **SHORT),
    "unet": UNetSegmenter((4, 4), patch_size=16, threshold="tune", norm="batch", **SHORT),
}  # fmt: skip


class Killed(BaseException):
    """What stands for the end of the process: nothing catches it."""


class Kill(Callback):
    """Ends the process at the beginning of an epoch, after so many others."""

    def __init__(self, epochs):
        self.left = epochs

    def on_epoch_begin(self, net, **data):
        if self.left == 0:
            raise Killed
        self.left -= 1


def data_of(name):
    if name.startswith("mlp"):
        return ROWS, LABELS
    return LESIONS.images, LESIONS.masks if name == "unet" else LESIONS.target


@pytest.fixture
def every_epoch(monkeypatch):
    """Write after every epoch, because writing takes no time on a clock that stands still."""
    monkeypatch.setattr("time.perf_counter", lambda: 0.0)


@pytest.fixture
def killed_after(every_epoch):
    """Return a function that fits a model and kills it once so many epochs are on the disk."""

    def fit(model, data, folder, epochs):
        # A net that is fitted already gets its callbacks when it is built anew.
        model = pickle.loads(pickle.dumps(model.set_params(callbacks=[Kill(epochs)])))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "callbacks start anew")
            with pytest.raises(Killed):
                model.fit(*data, checkpoint=folder)

    return fit


def assert_same(one, other, X):
    """Compare all that a fit leaves, bit for bit."""
    assert one.history_ == other.history_
    assert getattr(one, "best_epoch_", None) == getattr(other, "best_epoch_", None)
    packed = [model.__getstate__()["net_"] for model in (one, other)]
    for part in ("weights", "optimizer"):
        ours, theirs = packed[0][part], packed[1][part]
        assert list(ours) == list(theirs)
        for name, value in ours.items():
            np.testing.assert_array_equal(value, theirs[name], err_msg=name)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_fit_that_was_killed_twice_equals_one_that_was_not(name, tmp_path, killed_after):
    model, data = MODELS[name], data_of(name)
    untouched = clone(model).fit(*data)
    killed_after(clone(model), data, tmp_path, 1)
    killed_after(clone(model), data, tmp_path, 2)
    assert_same(clone(model).fit(*data, checkpoint=tmp_path), untouched, data[0])


@pytest.mark.slow
def test_sigkill_at_random_moments_leaves_nothing_that_could_not_go_on():
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    script = Path(__file__).parent / "killed_fits.py"
    command = [sys.executable, str(script), "2", "0", "mlp", "unet"]
    no_gpu = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}  # CUDA does not survive a fork
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=no_gpu)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("bit-for-bit identical") == 2


def test_weights_that_never_move_are_not_written(tmp_path):
    MODELS["frozen"].fit(*data_of("frozen"), checkpoint=tmp_path)
    assert (tmp_path / "training.pt").stat().st_size < 500_000


def test_a_fit_that_has_ended_returns_at_once(tmp_path):
    once = clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)
    again = clone(MLP).set_params(callbacks=[Kill(0)])
    with pytest.warns(UserWarning, match="callbacks start anew"):
        again.fit(ROWS, LABELS, checkpoint=tmp_path)
    assert_same(again, once, ROWS)


def test_without_a_number_as_seed_a_fit_goes_on_with_the_seed_it_began_with(tmp_path, killed_after):
    model = clone(MODELS["mlp"]).set_params(random_state=None)
    killed_after(clone(model), (ROWS, LABELS), tmp_path, 1)
    kept = (tmp_path / "training.pt").read_bytes()
    once = clone(model).fit(ROWS, LABELS, checkpoint=tmp_path)
    (tmp_path / "training.pt").write_bytes(kept)
    assert_same(clone(model).fit(ROWS, LABELS, checkpoint=tmp_path), once, ROWS)


def test_a_warm_start_goes_on_too(tmp_path, killed_after):
    first = clone(MLP).set_params(warm_start=True).fit(ROWS, LABELS)
    state = pickle.dumps(first)
    untouched = first.fit(ROWS, LABELS)
    killed_after(pickle.loads(state), (ROWS, LABELS), tmp_path, 2)
    resumed = pickle.loads(state).fit(ROWS, LABELS, checkpoint=tmp_path)
    assert resumed.n_iter_ == 8
    assert_same(resumed, untouched, ROWS)


def test_a_pipeline_hands_the_folder_to_its_network(tmp_path, killed_after):
    untouched = Pipeline([StandardScaler(), clone(MLP)]).fit(ROWS, LABELS)
    pipeline = clone(untouched)
    scaled = StandardScaler().fit_transform(ROWS)
    killed_after(clone(MLP), (scaled, LABELS), tmp_path, 2)
    pipeline.fit(ROWS, LABELS, shallowmlp__checkpoint=tmp_path)
    assert_same(pipeline[-1], untouched[-1], scaled)
    with config_context(enable_metadata_routing=True):
        asking = clone(MLP).set_fit_request(checkpoint=True)
        routed = Pipeline([StandardScaler(), asking]).fit(ROWS, LABELS, checkpoint=tmp_path)
    assert_same(routed[-1], untouched[-1], scaled)


OTHER_FITS = [
    ({"learning_rate": 0.01}, {}, r"learning_rate was 0.001, now it is 0.01\. Give this fit"),
    ({"hidden_units": (9,)}, {}, r"hidden_units was \(8,\), now it is \(9,\); initial weights"),
    ({"random_state": 1}, {}, "random_state was 0, now it is 1. Give"),
    ({"optimizer": torch.optim.NAdam}, {}, "optimizer was 'adam', now it is <class"),
    ({"augment": Augmenter(flip="vertical")}, {}, "augment was None, now it is Augmenter"),
    ({}, {"X": ROWS + 1}, "another fit: X differs"),
    ({}, {"X": ROWS.astype(np.float32)}, "another fit: X differs"),
    ({}, {"X": ROWS[:100], "y": LABELS[:100]}, "X differs; y differs; sample_weight differs"),
    ({}, {"y": LABELS[::-1]}, "another fit: y differs"),
    ({}, {"y": LABELS + 1}, "another fit: y differs"),
    ({}, {"sample_weight": 1 + LABELS}, "another fit: sample_weight differs"),
    ({}, {"groups": GROUPS}, "another fit: groups differs"),
]


@pytest.mark.parametrize(("parameters", "arguments", "words"), OTHER_FITS)
def test_a_checkpoint_of_another_fit_is_refused_and_kept(tmp_path, parameters, arguments, words):
    model = clone(MLP).set_params(image_shape=(8, 8), max_epochs=1)
    model.fit(ROWS, LABELS, checkpoint=tmp_path)
    kept = (tmp_path / "training.pt").read_bytes()
    data = {"X": ROWS, "y": LABELS, **arguments}
    with pytest.raises(ValueError, match=words):
        clone(model).set_params(**parameters).fit(**data, checkpoint=tmp_path)
    assert (tmp_path / "training.pt").read_bytes() == kept


def test_another_network_is_refused(tmp_path):
    images = LESIONS.images
    ShallowMLP(max_epochs=1).fit(images, LESIONS.target, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="estimator was ShallowMLP, now it is ScratchCNN"):
        ScratchCNN(max_epochs=1).fit(images, LESIONS.target, checkpoint=tmp_path)


def test_folds_cannot_share_a_folder(tmp_path):
    with pytest.raises(ValueError, match="another fit: X differs"):
        cross_val_score(
            MLP, ROWS, LABELS, params={"checkpoint": tmp_path}, error_score="raise", cv=3
        )


def test_what_changes_no_bit_may_change(tmp_path, capsys):
    once = clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)
    again = clone(MLP).set_params(verbose=1, reuse_memory=False, learning_rate=np.float64(1e-3))
    assert_same(again.fit(ROWS, LABELS, checkpoint=tmp_path), once, ROWS)
    assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["flip a bit of the weights", "cut short", "empty", "other code"])
def test_a_damaged_checkpoint_is_mentioned_and_the_fit_starts_anew(tmp_path, harm):
    untouched = clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)
    path = tmp_path / "training.pt"
    content = bytearray(path.read_bytes())
    if harm.startswith("flip"):
        first = next(iter(untouched.net_.module_.parameters())).detach()
        content[content.index(first.cpu().numpy().tobytes()) + 2] ^= 4
    path.write_bytes(
        {"cut short": content[:-100], "empty": b"", "other code": pickle.dumps(Danger(), 2)}.get(
            harm, bytes(content)
        )
    )
    with pytest.warns(UserWarning, match=r"training.pt' cannot be read .*starts anew"):
        again = clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)
    assert_same(again, untouched, ROWS)
    clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)


class Danger:
    """Fails the test when a reader unpickles it."""

    def __reduce__(self):
        return pytest.fail, ("a checkpoint ran code",)


def test_a_checkpoint_of_other_versions_is_warned_of(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(torch, "__version__", type(torch.__version__)("2.0.1"))
        clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)
    with pytest.warns(UserWarning, match="written with skmedimg .* and torch 2.0.1"):
        clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)


def test_a_folder_that_cannot_be_made_is_an_error_before_any_work(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ValueError, match="checkpoint=.*file.* is not a folder"):
        clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path / "file")


@pytest.mark.usefixtures("every_epoch")
def test_a_disk_that_fills_up_is_mentioned_and_the_fit_goes_on(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match=r"could not be written .*No space left") as said:
        model = clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path / "läsion 1")
    assert len(said) == 1
    assert model.n_iter_ == 4
    assert list((tmp_path / "läsion 1").iterdir()) == []


def test_what_a_killed_writer_left_is_removed(tmp_path):
    (tmp_path / "training.pt.abc.part").write_bytes(b"half")
    (tmp_path / "mine.part").write_bytes(b"mine")
    clone(MLP).fit(ROWS, LABELS, checkpoint=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.part", "training.pt"]


def test_callbacks_that_start_anew_are_warned_of(tmp_path, killed_after):
    model = clone(MLP).set_params(callbacks=[Callback()])
    killed_after(clone(model), (ROWS, LABELS), tmp_path, 2)
    with pytest.warns(UserWarning, match="callbacks start anew"):
        assert model.fit(ROWS, LABELS, checkpoint=tmp_path).n_iter_ == 4


def test_no_more_than_a_twentieth_of_the_time_goes_into_writing(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    written = []

    def save(content, file):
        clock[0] += 1  # a second for each file
        written.append(file)

    monkeypatch.setattr("torch.save", save)

    class Epoch(Callback):
        def on_epoch_end(self, net, **data):
            clock[0] += 1

    model = clone(MLP).set_params(max_epochs=100, callbacks=[Epoch()])
    model.fit(ROWS[:20], LABELS[:20], checkpoint=tmp_path)
    assert 4 <= len(written) <= 6

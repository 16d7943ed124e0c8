"""Bad inputs as data: what is done wrong, the kind of error, and the words its message needs.

The words name the parameter or the file, what came, and what is needed or the way out.
"""

import pickle
from collections import namedtuple
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, RandomOverSampler
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from torch import nn

import skmedimg as sk
from skmedimg import (
    datasets,
    evaluation,
    features,
    images,
    inspection,
    metrics,
    recipes,
    saving,
    search,
)
from skmedimg.datasets import make_lesions

BadInput = namedtuple("BadInput", "name call kind words")

_RANDOM = np.random.RandomState(0)
GRAY = _RANDOM.randint(0, 256, (12, 16, 16)).astype(np.uint8)
COLOR = _RANDOM.randint(0, 256, (12, 16, 16, 3)).astype(np.uint8)
LARGE = COLOR.repeat(2, axis=1).repeat(2, axis=2)
BINARY = np.arange(12) % 2
ROWS = GRAY.reshape(12, -1)
MASKS = (GRAY > 127).astype(np.uint8)
SCORES = np.linspace(0, 1, 12)
NAN = np.where(GRAY > 250, np.nan, GRAY)
SMALL = {"pixels_per_cell": (4, 4)}
SMALL_HOG = partial(sk.HOG, **SMALL)
QUICK = {"max_epochs": 1, "random_state": 0}
MLP = sk.ShallowMLP((4,), **QUICK)
CNN = sk.ScratchCNN((2,), dense_units=(2,), **QUICK)
UNET = sk.UNetSegmenter((2, 2), **QUICK)


def linear(image_shape, n_outputs):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(n_outputs))


def pixelwise(image_shape, n_outputs):
    return nn.LazyConv2d(n_outputs, 1)


OWN = sk.neural.NetworkClassifier(linear, **QUICK)
OWN_MASKS = sk.neural.NetworkSegmenter(pixelwise, **QUICK)


def bad(name, call, *words, kind=ValueError):
    """A row; `call` takes the folder that `write_files` filled."""
    return BadInput(name, call, kind, words)


def write_files(folder):
    """Write the files that the rows read."""
    picture = Image.fromarray(GRAY[0])
    picture.save(folder / "gray.png")
    Image.fromarray(COLOR[0]).save(folder / "color.png")
    Image.fromarray(GRAY[0, :8]).save(folder / "flat é.png")
    Image.fromarray(GRAY[0].astype(np.uint16) * 257).save(folder / "deep.png")
    picture.save(folder / "pages.tif", save_all=True, append_images=[picture, picture])
    picture.save(folder / "scan.jpg")
    whole = (folder / "scan.jpg").read_bytes()
    (folder / "cut short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").touch()
    (folder / "notes.png").write_text("patient 7, seen twice")
    (folder / "nothing").mkdir()
    (folder / "flat" / "one").mkdir(parents=True)
    picture.save(folder / "flat" / "one" / "a.png")
    (folder / "classes" / "ill").mkdir(parents=True)
    (folder / "classes" / "well").mkdir()
    picture.save(folder / "classes" / "ill" / "p1 a.png")
    picture.save(folder / "classes" / "well" / "b.png")
    (folder / "table.csv").write_text("path,label\ngray.png,ill\ncolor.png,well\n")
    (folder / "gaps.csv").write_text("path,label\ngray.png,\ncolor.png,well\n")
    (folder / "twice.csv").write_text("path,label\ngray.png,ill\ngray.png,well\n")
    (folder / "model.skmed").write_bytes(b"PK\3\4 no model")
    (folder / "pickle.skmed").write_bytes(pickle.dumps(GaussianNB()))
    (folder / "comparison.json").write_text("{}")


@cache
def fitted(kind):
    """Return a small fitted estimator of each kind."""
    made = {
        "mlp": lambda: clone(MLP).fit(GRAY, BINARY),
        "cnn": lambda: clone(CNN).fit(GRAY, BINARY),
        "unet": lambda: clone(UNET).fit(GRAY, MASKS),
        "hog": lambda: SMALL_HOG().fit(GRAY),
        "bayes": lambda: GaussianNB().fit(GRAY.reshape(12, -1), BINARY),
        "pipeline": lambda: sk.Pipeline([SMALL_HOG(), sk.ShallowMLP((4,), **QUICK)]).fit(
            GRAY, BINARY
        ),
        "comparison": lambda: compared(),
        "audit": lambda: sk.audit(GRAY, BINARY),
    }
    return made[kind]()


def compared(**options):
    rows = GRAY.reshape(12, -1) + BINARY[:, None]
    more = {"cv": 3, "repeats": 1, "verbose": 0, "random_state": 0, "audit": False}
    options = more | options
    models = options.pop("models", {"bayes": GaussianNB()})
    return sk.compare(models, rows, options.pop("y", BINARY), **options)


def probabilities(n=12, k=2):
    return np.full((n, k), 1 / k)


def searched(**options):
    options = {"estimators": GaussianNB(), "spaces": {"var_smoothing": [1e-9, 1e-3]}} | options
    options = {"n_trials": 1, "cv": 2, "random_state": 0} | options
    return search.OptunaSearch(**options).fit(GRAY.reshape(12, -1), BINARY)


def of_every_network(name, make, y):
    """What every network refuses, whatever it is made for."""
    fit = lambda X=GRAY, y=y, options={}, **more: make.__class__(  # noqa: E731
        **make.get_params() | options
    ).fit(X, y, **more)
    return [
        bad(f"{name}: no images", lambda at: fit(GRAY[:0], y[:0]), "0 sample", name),
        bad(f"{name}: NaN", lambda at: fit(NAN), "X contains NaN", name),
        bad(f"{name}: infinity", lambda at: fit(np.where(GRAY > 250, np.inf, GRAY)), "infinity"),
        bad(f"{name}: complex", lambda at: fit(GRAY.astype(complex)), "Complex data not supported"),
        bad(f"{name}: five axes", lambda at: fit(GRAY[None, ..., None]), "X has 5 dimensions", "slice"),
        bad(f"{name}: no pixels", lambda at: fit(GRAY[:, :0]), "(12, 0, 16)", "without pixels"),
        bad(f"{name}: sparse", lambda at: fit(sparse.csr_matrix(GRAY[0])), "dense", kind=TypeError),
        bad(f"{name}: text", lambda at: fit(np.full((12, 4), "a")), "bytes/strings", "Convert your data"),
        bad(f"{name}: ragged", lambda at: fit([GRAY[0], GRAY[0, :9]]), "ragged"),
        bad(f"{name}: y of another length", lambda at: fit(y=y[:9]), "inconsistent numbers", "12", "9"),
        bad(f"{name}: no y", lambda at: fit(y=None), name, "requires y"),
        bad(f"{name}: max_epochs", lambda at: fit(options={"max_epochs": 0}), "max_epochs", "0"),
        bad(f"{name}: batch_size", lambda at: fit(options={"batch_size": 0}), "batch_size", "0"),
        bad(f"{name}: learning_rate", lambda at: fit(options={"learning_rate": -1}), "learning_rate", "-1"),
        bad(f"{name}: optimizer", lambda at: fit(options={"optimizer": "best"}), "optimizer", "'best'", "adam"),
        bad(f"{name}: device", lambda at: fit(options={"device": "tpu"}), "device", "'tpu'", "cpu"),
        bad(f"{name}: precision", lambda at: fit(options={"precision": "int8"}), "precision", "'int8'", "float32"),
        bad(f"{name}: validation_fraction", lambda at: fit(options={"validation_fraction": 2}), "validation_fraction", "2"),
        bad(f"{name}: augment", lambda at: fit(options={"augment": 3}), "augment", "3"),
        bad(f"{name}: loss", lambda at: fit(options={"loss": "hinge"}), "loss", "'hinge'"),
        bad(f"{name}: loss of one argument", lambda at: fit(options={"loss": abs}), "loss=abs", "class numbers"),
        bad(f"{name}: schedule of one argument", lambda at: fit(options={"schedule": abs}), "schedule=abs", "(optimizer, n_steps)", kind=TypeError),
        bad(f"{name}: accumulate", lambda at: fit(options={"accumulate": 0}), "accumulate", "0"),
        bad(f"{name}: ema_decay", lambda at: fit(options={"ema_decay": 1.5}), "ema_decay", "1.5"),
        bad(f"{name}: X_val alone", lambda at: fit(X_val=GRAY), "X_val and y_val", "y_val is None"),
        bad(f"{name}: X_val of another size", lambda at: fit(X_val=COLOR[:, :8], y_val=y), "X_val does not fit X"),
        bad(f"{name}: y_val of another length", lambda at: fit(X_val=GRAY, y_val=y[:9]), "y_val does not fit X_val", "9"),
        bad(f"{name}: a patient in X_val too", lambda at: fit(groups=BINARY, X_val=GRAY, y_val=y, groups_val=BINARY + 1), "groups_val", "1 patient", "1"),
        bad(f"{name}: schedule", lambda at: fit(options={"schedule": "up"}), "schedule", "'up'"),
        bad(f"{name}: random_state", lambda at: fit(options={"random_state": "x"}), "random_state", "'x'"),
        bad(f"{name}: groups", lambda at: fit(groups=[1, 2]), "groups", "2", "12"),
        bad(f"{name}: negative weights", lambda at: fit(sample_weight=-np.ones(12)), "sample_weight"),
        bad(f"{name}: not fitted", lambda at: make.__class__().predict(GRAY), name, "not fitted", kind=NotFittedError),
    ]  # fmt: skip


NETWORKS = [
    *of_every_network("ShallowMLP", MLP, BINARY),
    *of_every_network("ScratchCNN", CNN, BINARY),
    *of_every_network("UNetSegmenter", UNET, MASKS),
    *of_every_network("NetworkClassifier", OWN, BINARY),
    *of_every_network("NetworkSegmenter", OWN_MASKS, MASKS),
    bad("NetworkClassifier: no module", lambda at: sk.neural.NetworkClassifier(**QUICK).fit(GRAY, BINARY), "module=", "f(image_shape, n_outputs)", "build_module"),
    bad("NetworkClassifier: module of no argument", lambda at: sk.neural.NetworkClassifier(dict.copy, **QUICK).fit(GRAY, BINARY), "module=copy", "(image_shape, n_outputs)", kind=TypeError),
    bad("NetworkClassifier: three outputs", lambda at: sk.neural.NetworkClassifier(nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), **QUICK).fit(GRAY, BINARY), "(2, 2)", "returned (2, 3)", "output='softmax' needs 2"),
    bad("NetworkClassifier: rows of another length", lambda at: sk.neural.NetworkClassifier(linear, image_shape=(9,), **QUICK).fit(np.ones((4, 50)), [0, 1] * 2), "image_shape=(9,)", "(50,)"),
    bad("NetworkSegmenter: smaller masks", lambda at: sk.neural.NetworkSegmenter(nn.LazyConv2d(1, 3), **QUICK).fit(GRAY, MASKS), "(2, 1, 16, 16)", "returned (2, 1, 14, 14)"),
    bad("ShallowMLP: label_smoothing", lambda at: sk.ShallowMLP(label_smoothing=1.0).fit(GRAY, BINARY), "label_smoothing", "1.0"),
    bad("ShallowMLP: mixup", lambda at: sk.ShallowMLP(mixup=-1).fit(GRAY, BINARY), "mixup", "-1"),
    bad("ShallowMLP: activation", lambda at: sk.ShallowMLP(activation=dict).fit(GRAY, BINARY), "activation", "returned a dict", kind=TypeError),
    bad("ScratchCNN: predict_augment", lambda at: sk.ScratchCNN(predict_augment="turn").fit(GRAY, BINARY), "predict_augment", "'turn'", "flip-horizontal"),
    bad("ScratchCNN: augment of two arguments", lambda at: sk.ScratchCNN(augment=divmod).fit(GRAY, BINARY), "augment=divmod", "(images)"),
    bad("ShallowMLP: hidden_units", lambda at: sk.ShallowMLP((4, -1)).fit(GRAY, BINARY), "hidden_units", "-1"),
    bad("ShallowMLP: dropout", lambda at: sk.ShallowMLP(dropout=1.5).fit(GRAY, BINARY), "dropout", "1.5"),
    bad("ShallowMLP: one class", lambda at: MLP.fit(GRAY, BINARY * 0), "class"),
    bad("ShallowMLP: floats for labels", lambda at: MLP.fit(GRAY, SCORES), "continuous"),
    bad("ShallowMLP: labels with NaN", lambda at: MLP.fit(GRAY, np.where(BINARY, np.nan, 0)), "y contains NaN"),
    bad("ShallowMLP: other images", lambda at: fitted("mlp").predict(COLOR), "16x16x1", "16x16x3", "ImageLoader"),
    bad("ShallowMLP: image_shape", lambda at: sk.ShallowMLP(image_shape=(7, 7)).fit(np.ones((4, 50)), [0, 1] * 2), "image_shape", "n_features=50"),
    bad("ScratchCNN: filters", lambda at: sk.ScratchCNN(()).fit(GRAY, BINARY), "filters", "empty"),
    bad("ScratchCNN: dense_units", lambda at: sk.ScratchCNN((2,), dense_units=(0,)).fit(GRAY, BINARY), "dense_units", "0"),
    bad("ScratchCNN: norm", lambda at: sk.ScratchCNN(norm="l2").fit(GRAY, BINARY), "norm", "'l2'", "batch"),
    bad("ScratchCNN: channels first", lambda at: CNN.fit(np.moveaxis(COLOR, 3, 1), BINARY), "channels first", "moveaxis"),
    bad("ScratchCNN: paths without a size", lambda at: CNN.fit([at / "gray.png"] * 12, BINARY), "image_shape=(height, width)", "ImageLoader"),
    bad("ScratchCNN: a file cut short", lambda at: sk.ScratchCNN((2,), image_shape=(16, 16)).fit([at / "gray.png", at / "cut short.jpg"] * 6, BINARY), "cut short.jpg", "cannot be decoded", kind=images.ImageReadError),
    bad("ScratchCNN: other images", lambda at: fitted("cnn").predict(GRAY[:, :8]), "16x16x1", "8x16x1", "ImageLoader((16, 16))"),
    bad("TransferClassifier: backbone", lambda at: sk.TransferClassifier("vgg15").fit(COLOR, BINARY), "backbone", "'vgg15'", "vgg16"),
    bad("TransferClassifier: backbone of the hub", lambda at: sk.TransferClassifier("timm:hf-hub:uni").fit(COLOR, BINARY), "backbone", "timm:hf-hub:OWNER/NAME"),
    bad("TransferClassifier: pooling that the backbone has not", lambda at: sk.TransferClassifier("squeezenet1_1", weights=None, pooling="cls").fit(LARGE, BINARY), "pooling='cls'", "squeezenet1_1", '"avg"'),
    bad("TransferClassifier: trainable_layers", lambda at: sk.TransferClassifier("squeezenet1_1", weights=None, trainable_layers=-3).fit(LARGE, BINARY), "trainable_layers", "-3"),
    bad("TransferClassifier: weights", lambda at: sk.TransferClassifier("squeezenet1_1", weights=at / "no.pth").fit(LARGE, BINARY), "no.pth", kind=(OSError, ValueError)),
    bad("TransferClassifier: one class", lambda at: sk.TransferClassifier("squeezenet1_1", weights=None).fit(LARGE, BINARY * 0), "class"),
    bad("TransferClassifier: not fitted", lambda at: sk.TransferClassifier().predict(COLOR), "TransferClassifier", "not fitted", kind=NotFittedError),
    bad("UNetSegmenter: gray levels for masks", lambda at: UNET.fit(GRAY, GRAY), "y holds", "classes"),
    bad("UNetSegmenter: probabilities for masks", lambda at: UNET.fit(GRAY, GRAY / 255.0), "fractions", "masks > 0.5"),
    bad("UNetSegmenter: colored masks", lambda at: UNET.fit(GRAY, COLOR), "y has masks of shape (16, 16, 3)", "argmax"),
    bad("UNetSegmenter: smaller masks", lambda at: UNET.fit(GRAY, MASKS[:, :8]), "(8, 16)", "16x16"),
    bad("UNetSegmenter: text masks", lambda at: UNET.fit(GRAY, MASKS.astype(str)), "labels", "<U", kind=TypeError),
    bad("UNetSegmenter: one mask path", lambda at: UNET.fit(GRAY, "mask.png"), "mask.png", "list", kind=TypeError),
    bad("UNetSegmenter: masks with NaN", lambda at: UNET.fit(GRAY, np.where(MASKS, np.nan, 0)), "y contains NaN"),
    bad("UNetSegmenter: loss of classes", lambda at: sk.UNetSegmenter(loss="hinge", **QUICK).fit(GRAY, MASKS), "loss", "'hinge'", "dice"),
    bad("fit_together: one", lambda at: sk.neural.fit_together(1), "'fits'", "an int in the range [2, inf)", "Got 1"),
    bad("fit_together: a word", lambda at: sk.neural.fit_together("all"), "'fits'", "an int in the range [2, inf)", "'all'"),
    bad("lr_find: not a network", lambda at: sk.neural.lr_find(GaussianNB(), GRAY, BINARY), "GaussianNB", "needs a network", kind=TypeError),
    bad("lr_find: rates", lambda at: sk.neural.lr_find(MLP, GRAY, BINARY, lowest=1, highest=0.1), "lowest", "0.1"),
    bad("lr_find: steps", lambda at: sk.neural.lr_find(MLP, GRAY, BINARY, steps=3), "steps", "3", "10"),
    bad("Pipeline: no steps", lambda at: sk.Pipeline([]).fit(GRAY, BINARY), "steps"),
    bad("Pipeline: a step that cannot transform", lambda at: sk.Pipeline([GaussianNB(), GaussianNB()]).fit(GRAY.reshape(12, -1), BINARY), "GaussianNB", "transform", kind=TypeError),
    bad("make_pipeline: a class", lambda at: sk.pipeline.make_pipeline(sk.HOG, MLP).fit(GRAY, BINARY), "HOG()", kind=TypeError),
    bad("Pipeline: groups", lambda at: sk.Pipeline([SMALL_HOG(), MLP]).fit(GRAY, BINARY, groups=[1]), "groups", "1", "12"),
    bad("Pipeline: step no estimator", lambda at: sk.Pipeline(["hog", MLP]).fit(GRAY, BINARY), "hog", kind=(TypeError, ValueError)),
]  # fmt: skip

READING = [
    bad("read_image: not there", lambda at: sk.images.read_image(at / "no.png"), "no.png", kind=FileNotFoundError),
    bad("read_image: empty", lambda at: sk.images.read_image(at / "empty.png"), "empty.png", "0 bytes", kind=images.ImageReadError),
    bad("read_image: text", lambda at: sk.images.read_image(at / "notes.png"), "notes.png", "not an image", "b'patient", "JPEG", kind=images.ImageReadError),
    bad("read_image: cut short", lambda at: sk.images.read_image(at / "cut short.jpg"), "cut short.jpg", "cannot be decoded", kind=images.ImageReadError),

    bad("read_image: a folder", lambda at: sk.images.read_image(at / "nothing"), "nothing", "not a file but a folder", kind=images.ImageReadError),
    bad("read_image: several pages", lambda at: sk.images.read_image(at / "pages.tif"), "pages.tif", "3 images", "frame=i", kind=images.ImageReadError),
    bad("read_image: page too high", lambda at: sk.images.read_image(at / "pages.tif", frame=7), "pages.tif", "3 images", "frame=7"),
    bad("read_image: too large", lambda at: sk.images.read_image(at / "gray.png", max_pixels=9), "gray.png", "16 x 16", "max_pixels=9", "raise max_pixels"),
    bad("read_image: color", lambda at: sk.images.read_image(at / "gray.png", color="cmyk"), "color", "'cmyk'", '"gray"'),
    bad("read_image: frame", lambda at: sk.images.read_image(at / "gray.png", frame="first"), "frame", "'first'"),
    bad("read_image: window", lambda at: sk.images.read_image(at / "gray.png", window=(1, 2, 3)), "window", "(1, 2, 3)"),
    bad("read_image: window of words", lambda at: sk.images.read_image(at / "gray.png", window=("lung", "wide")), "window", "lung"),
    bad("read_image: max_pixels of words", lambda at: sk.images.read_image(at / "gray.png", max_pixels="many"), "max_pixels", "'many'"),
    bad("read_image: draft_size", lambda at: sk.images.read_image(at / "scan.jpg", draft_size=(-1, 3)), "draft_size", "(-1, 3)"),
    bad("read_image: a number", lambda at: sk.images.read_image(7), "int", kind=TypeError),
    bad("LazyImages: one path", lambda at: sk.images.LazyImages("a.png"), "'a.png'", "list", "[path]", kind=TypeError),
    bad("LazyImages: none", lambda at: sk.images.LazyImages([]), "paths is empty"),
    bad("LazyImages: numbers", lambda at: sk.images.LazyImages([1, 2]), "int", kind=TypeError),
    bad("LazyImages: size", lambda at: sk.images.LazyImages([at / "gray.png"], size=(0, 3)), "size", "(0, 3)"),
    bad("LazyImages: size of words", lambda at: sk.images.LazyImages([at / "gray.png"], size="64"), "size", "'64'"),
    bad("LazyImages: size of floats", lambda at: sk.images.LazyImages([at / "gray.png"], size=8.5), "size", "8.5"),
    bad("LazyImages: color", lambda at: sk.images.LazyImages([at / "gray.png"], color="lab"), "color", "'lab'"),
    bad("LazyImages: aspect", lambda at: sk.images.LazyImages([at / "gray.png"], aspect="fit"), "aspect", "'fit'"),
    bad("LazyImages: n_jobs", lambda at: sk.images.LazyImages([at / "gray.png"] * 2, n_jobs="all").load(), "n_jobs", "'all'", kind=(TypeError, ValueError)),
    bad("LazyImages: files unlike", lambda at: sk.images.LazyImages([at / "gray.png", at / "flat é.png"]).load(), "flat é.png", "8x16", "16x16", "size="),
    bad("LazyImages: depths unlike", lambda at: sk.images.LazyImages([at / "gray.png", at / "deep.png"], size=8).load(), "deep.png", "uint16", 'dtype="uint8"'),
    bad("LazyImages: colors unlike", lambda at: sk.images.LazyImages([at / "gray.png", at / "color.png"], color="keep").load(), "color.png", "16x16x3", "color="),
    bad("LazyImages: into an array", lambda at: np.asarray(sk.images.LazyImages([at / "gray.png"])), "LazyImages", ".load()", kind=TypeError),
    bad("LazyImages: pixels", lambda at: sk.images.LazyImages([at / "gray.png"])[0, 3], "by images only", ".load()", kind=IndexError),
    bad("LazyImages: row too high", lambda at: sk.images.LazyImages([at / "gray.png"])[4], "4", kind=IndexError),
    bad("LazyImages: row by name", lambda at: sk.images.LazyImages([at / "gray.png"])[["a"]], "integer", kind=IndexError),
    bad("ImageLoader: size", lambda at: sk.ImageLoader(0).fit([at / "gray.png"]), "size", "0"),
    bad("ImageLoader: size of three", lambda at: sk.ImageLoader((4, 4, 3)).fit([at / "gray.png"]), "size", "(4, 4, 3)", "(height, width)"),
    bad("ImageLoader: color", lambda at: sk.ImageLoader(color="purple").fit([at / "gray.png"]), "color", "'purple'", "gray"),
    bad("ImageLoader: one path", lambda at: sk.ImageLoader().fit(str(at / "gray.png")), "gray.png", "[X]", kind=TypeError),
    bad("ImageLoader: no paths", lambda at: sk.ImageLoader().fit([]), "1D array"),
    bad("ImageLoader: a missing file", lambda at: sk.ImageLoader(8).fit_transform([at / "gray.png", at / "no.png"]), "no.png", kind=FileNotFoundError),
    bad("ImageLoader: a gap", lambda at: sk.ImageLoader(8).fit([str(at / "gray.png"), None]), "Row 1", "None", kind=TypeError),
    bad("ImageLoader: a table", lambda at: sk.ImageLoader(8).fit(np.array([[str(at / "gray.png")] * 2])), "bytes/strings"),
    bad("ImageLoader: other sizes", lambda at: sk.ImageLoader().fit([at / "gray.png"]).transform([at / "flat é.png"]), "16x16x1", "8x16", "size="),
    bad("ImageLoader: not fitted", lambda at: sk.ImageLoader().transform([at / "gray.png"]), "ImageLoader", "not fitted", kind=NotFittedError),
    bad("CropForeground: threshold", lambda at: sk.CropForeground(threshold=1).fit(GRAY), "threshold", "1"),
    bad("CropForeground: margin", lambda at: sk.CropForeground(margin=-1).fit(GRAY), "margin", "-1"),
    bad("CropForeground: size", lambda at: sk.CropForeground((4,)).fit(GRAY), "size", "(4,)"),
    bad("CropForeground: paths", lambda at: sk.CropForeground().fit([at / "gray.png"]), "ImageLoader"),
    bad("CropForeground: not fitted", lambda at: sk.CropForeground().transform(GRAY), "CropForeground", kind=NotFittedError),
    bad("crop_foreground: shape", lambda at: images.crop_foreground(np.ones(7)), "image", "(7,)"),
    bad("crop_foreground: threshold", lambda at: images.crop_foreground(GRAY[0], threshold=3), "threshold", "3"),
    bad("crop_foreground: no pixels", lambda at: images.crop_foreground(GRAY[0, :0]), "image", "(0, 16)"),
    bad("resize_image: size", lambda at: images.resize_image(GRAY[0], (0, 4)), "size", "(0, 4)"),
    bad("resize_image: aspect", lambda at: images.resize_image(GRAY[0], (4, 4), aspect="fit"), "aspect", "'fit'", "stretch"),
    bad("resize_image: interpolation", lambda at: images.resize_image(GRAY[0], (4, 4), interpolation="cubic"), "interpolation", "'cubic'", "bicubic"),
    bad("resize_image: a stack", lambda at: images.resize_image(COLOR, (4, 4)), "image", "(12, 16, 16, 3)"),
    bad("resize_image: no pixels", lambda at: images.resize_image(GRAY[0, :0], (4, 4)), "image", "(0, 16)"),
    bad("resize_image: complex", lambda at: images.resize_image(GRAY[0].astype(complex), (4, 4)), "complex", kind=(TypeError, ValueError)),
    bad("load_masks: one path", lambda at: sk.images.load_masks("a.png"), "a.png", "[path]", kind=TypeError),
    bad("load_masks: none", lambda at: sk.images.load_masks([]), "paths is empty"),
    bad("load_masks: colored", lambda at: sk.images.load_masks([at / "color.png"]), "color.png", "colored", "palette"),
    bad("load_masks: sizes unlike", lambda at: sk.images.load_masks([at / "gray.png", at / "flat é.png"]), "flat é.png", "8x16", "size="),
    bad("load_masks: size", lambda at: sk.images.load_masks([at / "gray.png"], size=(3,)), "size", "(3,)"),
    bad("load_masks: not there", lambda at: sk.images.load_masks([at / "no.png"]), "no.png", kind=FileNotFoundError),
    bad("load_masks: text", lambda at: sk.images.load_masks([at / "notes.png"]), "notes.png", "not an image"),
    bad("load_image_folder: not there", lambda at: sk.load_image_folder(at / "no"), "not a folder", kind=NotADirectoryError),
    bad("load_image_folder: a file", lambda at: sk.load_image_folder(at / "gray.png"), "gray.png", "not a folder", kind=NotADirectoryError),
    bad("load_image_folder: empty", lambda at: sk.load_image_folder(at / "nothing"), "nothing", "holds no images"),
    bad("load_image_folder: one class", lambda at: sk.load_image_folder(at / "flat"), "flat", "'one'", "labels_from=None"),
    bad("load_image_folder: no classes", lambda at: sk.load_image_folder(at / "flat" / "one"), "no folder per class", "a.png", "labels_from"),
    bad("load_image_folder: pattern", lambda at: sk.load_image_folder(at / "classes", group_pattern="p("), "group_pattern='p('", "regular expression"),
    bad("load_image_folder: no patient", lambda at: sk.load_image_folder(at / "classes", group_pattern=r"p\d"), "group_pattern", "1 of 2", "b.png"),
    bad("load_image_folder: labels_from", lambda at: sk.load_image_folder(at / "classes", labels_from="name"), "labels_from", "'name'"),
    bad("load_image_folder: on_error", lambda at: sk.load_image_folder(at / "classes", on_error="skip"), "on_error", "'skip'", "skip-report"),
    bad("fetch_chest_xray: not there", lambda at: datasets.fetch_chest_xray(data_home=at), "chest_xray", "1.2 GB", "CC BY 4.0", "download=True", "from_folder=", kind=FileNotFoundError),
    bad("fetch_chest_xray: no folder", lambda at: datasets.fetch_chest_xray(from_folder=at / "gray.png"), "from_folder", "gray.png", kind=NotADirectoryError),
    bad("fetch_brain_mri: not there", lambda at: datasets.fetch_brain_mri(data_home=at), "brain_mri", "16 MB", "not stated", "download=True", kind=FileNotFoundError),
    bad("fetch_lungs: not there", lambda at: datasets.fetch_lungs(data_home=at), "lungs", "620 MB", "license", "download=True", kind=FileNotFoundError),
    bad("fetch_medmnist: not there", lambda at: datasets.fetch_medmnist("breastmnist", data_home=at), "breastmnist.npz", "CC BY 4.0", "download=True", kind=FileNotFoundError),
    bad("fetch_medmnist: several labels", lambda at: datasets.fetch_medmnist("chestmnist"), "name='chestmnist'", "several labels"),
    bad("fetch_medmnist: volumes", lambda at: datasets.fetch_medmnist("organmnist3d"), "name='organmnist3d'", "volumes"),
    bad("fetch_medmnist: another name", lambda at: datasets.fetch_medmnist("mnist"), "name='mnist'", "'pneumoniamnist'"),
    bad("fetch_medmnist: another size", lambda at: datasets.fetch_medmnist("breastmnist", 32), "size", "32", "28"),
    bad("load_image_folder: slices", lambda at: sk.load_image_folder(at / "classes", slices=0, slice_folder=at / "cut"), "slices", "0"),
    bad("load_image_folder: slices, no folder", lambda at: sk.load_image_folder(at / "classes", slices="all"), "slices='all'", "slice_folder=None"),
    bad("load_image_folder: slices inside", lambda at: sk.load_image_folder(at / "classes", slices=2, slice_folder=at / "classes" / "cut"), "slice_folder", "beside"),
    bad("load_dicom_folder: not there", lambda at: datasets.load_dicom_folder(at / "no"), "not a folder", kind=NotADirectoryError),
    bad("load_dicom_folder: no DICOM", lambda at: datasets.load_dicom_folder(at / "classes"), "classes", "no DICOM images", "not a DICOM file"),
    bad("load_dicom_folder: images", lambda at: datasets.load_dicom_folder(at / "classes", images="few"), "images", "'few'", "middle"),
    bad("load_image_table: not there", lambda at: sk.load_image_table(at / "no.csv"), "no.csv", kind=FileNotFoundError),
    bad("load_image_table: no column", lambda at: sk.load_image_table(at / "table.csv", group="patient"), "group='patient'", "table.csv", "'label'"),
    bad("load_image_table: a gap", lambda at: sk.load_image_table(at / "gaps.csv"), "no class", "gray.png", "skip-report"),
    bad("load_image_table: columns", lambda at: sk.load_image_table(at / "table.csv", columns=["age"]), "columns='age'", "table.csv", "'label'"),
    bad("load_image_table: columns as text", lambda at: sk.load_image_table(at / "table.csv", columns="age"), "columns=['age']", kind=TypeError),
    bad("load_image_table: two labels", lambda at: sk.load_image_table(at / "twice.csv"), "gray.png", "'ill'", "'well'"),
    bad("load_image_table: a list", lambda at: sk.load_image_table([1, 2]), "csv_or_frame", "[1, 2]"),
    bad("load_image_table: numbers for paths", lambda at: sk.load_image_table(pd.DataFrame({"path": [1, 2], "label": [0, 1]})), "path", "1", kind=(TypeError, ValueError)),
    bad("make_lesions: n", lambda at: make_lesions(0), "'n'", "0"),
    bad("make_lesions: size", lambda at: make_lesions(4, size=3), "size", "3"),
    bad("make_lesions: size of one", lambda at: make_lesions(4, size=(32,)), "size", "(32,)"),
    bad("make_lesions: classes", lambda at: make_lesions(4, n_classes=9), "n_classes", "9"),
    bad("make_lesions: noise", lambda at: make_lesions(4, noise=2), "noise", "2"),
    bad("make_lesions: patients", lambda at: make_lesions(4, patients=9), "patients", "9"),
]  # fmt: skip

CHANGING = [
    bad("Augmenter: rotation", lambda at: sk.Augmenter(rotation=-5).fit(GRAY, BINARY), "rotation", "-5"),
    bad("Augmenter: flip", lambda at: sk.Augmenter(flip="diagonal").fit(GRAY, BINARY), "flip", "'diagonal'", "horizontal"),
    bad("Augmenter: probability", lambda at: sk.Augmenter(probability=2).fit(GRAY, BINARY), "probability", "2"),
    bad("Augmenter: zoom", lambda at: sk.Augmenter(zoom=-1).fit(GRAY, BINARY), "zoom", "-1"),
    bad("Augmenter: NaN", lambda at: sk.Augmenter(rotation=5).fit(NAN, BINARY), "NaN"),
    bad("augment: one image", lambda at: sk.images.augment(GRAY[0]), "2 dimensions", "image[None]"),
    bad("augment: masks of another size", lambda at: sk.images.augment(GRAY, MASKS[:, :8]), "masks", "(12, 8, 16)"),
    bad("augment: masks of floats", lambda at: sk.images.augment(GRAY, MASKS / 2), "masks", "float64", kind=(TypeError, ValueError)),
    bad("augment: fill", lambda at: sk.images.augment(GRAY, rotation=5, fill="wrap"), "fill", "'wrap'"),
    bad("augment: random_state", lambda at: sk.images.augment(GRAY, rotation=5, random_state="x"), "'x'", "seed"),
    bad("Resample: computes", lambda at: sk.Resample(SMOTE()).fit_resample(GRAY, BINARY), "SMOTE", "Augmenter"),
    bad("Resample: no sampler", lambda at: sk.Resample(None).fit_resample(GRAY, BINARY), "sampler", "None"),
    bad("Resample: lengths", lambda at: sk.Resample(RandomOverSampler()).fit_resample(GRAY, BINARY[:5]), "inconsistent", "12", "5"),
    bad("Resample: one class", lambda at: sk.Resample(RandomOverSampler()).fit_resample(GRAY, BINARY * 0), "class"),
    bad("clean_masks: one mask", lambda at: sk.images.clean_masks(MASKS[0]), "masks", "(16, 16)"),
    bad("clean_masks: largest", lambda at: sk.images.clean_masks(MASKS, largest=-1), "largest", "-1"),
    bad("clean_masks: min_size", lambda at: sk.images.clean_masks(MASKS, min_size="big"), "min_size", "'big'", kind=(TypeError, ValueError)),
    bad("clean_masks: probabilities", lambda at: sk.images.clean_masks(GRAY / 255.0), "masks", "float64", kind=(TypeError, ValueError)),
    bad("CleanMasks: one mask", lambda at: sk.CleanMasks().transform(MASKS[0]), "masks", "(16, 16)"),
    bad("CleanMasks: largest", lambda at: sk.CleanMasks(largest=0).transform(MASKS), "largest", "0"),
    bad("label_objects: a stack", lambda at: sk.images.label_objects(MASKS), "mask", "(12, 16, 16)"),
    bad("object_table: probabilities", lambda at: sk.images.object_table(GRAY / 255.0), "mask", "float64"),
    bad("object_table: names", lambda at: sk.images.object_table(MASKS, names=["a"]), "names", "12", "1"),
    bad("object_table: spacing", lambda at: sk.images.object_table(MASKS, spacing=(0, 1)), "spacing", "(0, 1)"),
    bad("save_mask: probabilities", lambda at: sk.images.save_mask(at / "m.png", GRAY[0] / 255), "mask", "float64"),
    bad("save_mask: name", lambda at: sk.images.save_mask(at / "m.jpg", MASKS[0]), "m.jpg", ".png"),
    bad("read_spacing: not there", lambda at: sk.images.read_spacing(at / "no.dcm"), "no.dcm", kind=FileNotFoundError),
    bad("read_spacing: not DICOM", lambda at: sk.images.read_spacing(at / "gray.png", size=(3,)), "size", "(3,)"),
    bad("segment_files: arrays", lambda at: sk.neural.segment_files(UNET, GRAY), "paths", "list of paths", kind=TypeError),
    bad("segment_files: not fitted", lambda at: sk.neural.segment_files(clone(UNET), [at / "gray.png"]), "not fitted", kind=NotFittedError),
    bad("segment_files: a classifier", lambda at: sk.neural.segment_files(GaussianNB(), [at / "gray.png"]), "segmenter", kind=TypeError),
    bad("load_masks: regions", lambda at: sk.images.load_masks([at / "gray.png"], regions=[]), "regions", "1", "0"),
    bad("load_image_folder: mask_pattern", lambda at: sk.load_image_folder(at, mask_pattern="_mask"), "mask_pattern", "'_mask'", "{}"),
    bad("UNetSegmenter: ignore_label", lambda at: clone(UNET).set_params(ignore_label="no").fit(GRAY, MASKS), "ignore_label", "'no'"),
    bad("stratify_masks: bins", lambda at: sk.images.stratify_masks(MASKS, bins=0), "bins", "0"),
    bad("stratify_masks: bins of words", lambda at: sk.images.stratify_masks(MASKS, bins="few"), "bins", "'few'", kind=(TypeError, ValueError)),
    bad("stratify_masks: labels", lambda at: sk.images.stratify_masks(BINARY), "masks", "single labels"),
    bad("stratify_masks: none", lambda at: sk.images.stratify_masks([]), "masks", "empty"),
    bad("stratify_masks: one path", lambda at: sk.images.stratify_masks("mask.png"), "mask.png", "list", kind=TypeError),
]  # fmt: skip


def of_every_descriptor(name, transformer, function):
    called = getattr(function, "func", function).__name__
    return [
        bad(f"{name}: NaN", lambda at: transformer().fit_transform(NAN), "X contains NaN"),
        bad(f"{name}: paths without a size", lambda at: transformer().fit([at / "gray.png"]), name, "image_shape"),
        bad(f"{name}: other images", lambda at: transformer().fit(GRAY).transform(GRAY[:, :8]), "16x16x1", "8x16x1", "ImageLoader"),
        bad(f"{name}: not fitted", lambda at: transformer().transform(GRAY), name, "not fitted", kind=NotFittedError),
        bad(f"{name}: channels", lambda at: transformer(channels="lab").fit(GRAY), "channels", "'lab'"),
        bad(f"{called}: one image", lambda at: function(GRAY[0]), "(16, 16)", "image[None]"),
        bad(f"{called}: channels", lambda at: function(COLOR, channels=2), "channels", "2"),
        bad(f"{called}: no pixels", lambda at: function(GRAY[:, :0]), "(12, 0, 16)"),
        bad(f"{called}: NaN", lambda at: function(NAN), "NaN"),
    ]  # fmt: skip


DESCRIBING = [
    *of_every_descriptor("HOG", SMALL_HOG, partial(features.hog, **SMALL)),
    *of_every_descriptor("LBP", sk.LBP, features.lbp),
    *of_every_descriptor("Haralick", sk.Haralick, features.haralick),
    *of_every_descriptor("IntensityHistogram", sk.IntensityHistogram, features.intensity_histogram),
    bad("HOG: cells larger than the image", lambda at: sk.HOG(pixels_per_cell=(32, 32)).fit(GRAY), "pixels_per_cell", "16x16", "ImageLoader"),
    bad("HOG: orientations", lambda at: sk.HOG(orientations=0).fit(GRAY), "orientations", "0"),
    bad("HOG: block_norm", lambda at: sk.HOG(block_norm="L3").fit(GRAY), "block_norm", "'L3'", "L2-Hys"),
    bad("LBP: radius", lambda at: sk.LBP(radii=(-1,)).fit(GRAY), "radi", "-1"),
    bad("Haralick: levels", lambda at: sk.Haralick(levels=1).fit(GRAY), "levels", "1"),
    bad("IntensityHistogram: bins", lambda at: sk.IntensityHistogram(bins=0).fit(GRAY), "bins", "0"),
    bad("IntensityHistogram: value_range", lambda at: sk.IntensityHistogram(value_range=(5, 1)).fit(GRAY), "value_range", "(5, 1)"),
    bad("BackboneFeatures: backbone", lambda at: sk.BackboneFeatures("nonesuch").fit(COLOR), "backbone", "'nonesuch'"),
    bad("BackboneFeatures: not fitted", lambda at: sk.BackboneFeatures().transform(COLOR), "BackboneFeatures", kind=NotFittedError),
    bad("embed: backbone", lambda at: sk.transfer.embed(COLOR, "nonesuch"), "'nonesuch'"),
    bad("embed: NaN", lambda at: sk.transfer.embed(NAN.repeat(2, 1).repeat(2, 2), "squeezenet1_1", weights=None), "NaN"),
    bad("embed: too small", lambda at: sk.transfer.embed(GRAY, "squeezenet1_1", weights=None), "at least 17x17", "16x16", "Resize"),
    bad("FeatureStore: memory", lambda at: sk.transfer.FeatureStore(memory="1 GB"), "memory", "'1 GB'", "bytes"),
    bad("FeatureStore: negative memory", lambda at: sk.transfer.FeatureStore(memory=-1), "memory", "-1"),
    bad("FeatureStore: disk", lambda at: sk.transfer.FeatureStore(disk=-5), "disk", "-5"),
    bad("FeatureStore: a file for a folder", lambda at: sk.transfer.FeatureStore(at / "gray.png"), "directory", "gray.png", kind=NotADirectoryError),
]  # fmt: skip

MEASURING = [
    *(
        bad(f"{measure.__name__}: {what}", partial(lambda m, a, o, at: m(*a, **o), measure, arguments, options), *words, kind=kind)
        for measure in (metrics.dice, metrics.iou, metrics.volumetric_similarity, metrics.volume_error, metrics.pixel_f1, metrics.pixel_precision, metrics.pixel_recall, metrics.boundary_f1, metrics.surface_dice, metrics.cl_dice, metrics.hausdorff_distance, metrics.average_surface_distance, metrics.object_precision, metrics.object_recall, metrics.object_f1, metrics.object_average_precision, metrics.panoptic_quality)
        for what, arguments, options, words, kind in (
            ("other shapes", (MASKS, MASKS[:, :8]), {}, ("(12, 16, 16)", "(12, 8, 16)"), ValueError),
            ("average", (MASKS, MASKS), {"average": "micro"}, ("average", "'micro'", "'mean'"), ValueError),
            ("probabilities", (MASKS, GRAY / 255.0), {}, ("y_pred", "fractions", "Threshold"), ValueError),
            ("weights", (MASKS, MASKS), {"sample_weight": [1, 2]}, ("sample_weight", "12"), ValueError),
            ("groups", (MASKS, MASKS), {"groups": [1, 2], "average": "mean"}, ("groups", "12", "(2,)"), ValueError),
            ("labels", (MASKS, MASKS), {"labels": [9]}, ("labels=[9]", "occur in no mask", "[0, 1]"), ValueError),
            ("kind of labels", (MASKS, MASKS), {"labels": "foo"}, ("labels", "'foo'", "whole numbers"), TypeError),
            ("ignored label", (MASKS, MASKS), {"ignore_label": "void"}, ("ignore_label", "'void'", "int"), TypeError),
        )
    ),
    bad("hausdorff_distance: percentile", lambda at: metrics.hausdorff_distance(MASKS, MASKS, percentile=101), "percentile", "101"),
    bad("hausdorff_distance: missing", lambda at: metrics.hausdorff_distance(MASKS, MASKS, missing="worst"), "missing", "'worst'", "diagonal"),
    bad("hausdorff_distance: spacing", lambda at: metrics.hausdorff_distance(MASKS, MASKS, spacing=0), "spacing", "0"),
    bad("hausdorff_distance: spacing of three", lambda at: metrics.hausdorff_distance(MASKS, MASKS, spacing=(1, 1, 1)), "spacing", "(1, 1, 1)"),
    bad("average_surface_distance: rows", lambda at: metrics.average_surface_distance(MASKS[0], MASKS[0]), "(16, 16)", "Reshape"),
    bad("surface_dice: tolerance", lambda at: metrics.surface_dice(MASKS, MASKS, tolerance=-1), "tolerance", "-1"),
    bad("cl_dice: rows", lambda at: metrics.cl_dice(MASKS[0], MASKS[0]), "(16, 16)", "Reshape"),
    bad("object_f1: threshold", lambda at: metrics.object_f1(MASKS, MASKS, iou_threshold=50), "iou_threshold", "50"),
    bad("object_f1: classes of instances", lambda at: metrics.object_f1(MASKS, MASKS, instances=True, labels=[1]), "instances=True", "labels=[1]"),
    bad("boundary_f1: tolerance", lambda at: metrics.boundary_f1(MASKS, MASKS, tolerance=-1), "tolerance", "-1"),
    bad("sensitivity: pos_label", lambda at: metrics.sensitivity(["a", "b"], ["a", "a"]), "pos_label=1", "'a'"),
    bad("sensitivity: lengths", lambda at: metrics.sensitivity([0, 1], [1]), "inconsistent", "2", "1"),
    bad("specificity: average", lambda at: metrics.specificity([0, 1], [1, 0], average="micro"), "average", "'micro'", "macro"),
    bad("specificity: three classes", lambda at: metrics.specificity([0, 1, 2], [1, 0, 2]), "pos_label", "macro"),
    bad("as_scorer: name", lambda at: metrics.as_scorer("dise"), "metric", "'dise'", "dice"),
    bad("as_scorer: function", lambda at: metrics.as_scorer(len), "metric", "make_scorer"),
    bad("specificity_at_sensitivity: sensitivity", lambda at: evaluation.specificity_at_sensitivity(BINARY, SCORES, sensitivity=95), "sensitivity", "95"),
    bad("specificity_at_sensitivity: one class", lambda at: evaluation.specificity_at_sensitivity(BINARY * 0, SCORES), "pos_label", "1"),
    bad("specificity_at_sensitivity: NaN", lambda at: evaluation.specificity_at_sensitivity(BINARY, SCORES * np.nan), "NaN"),
    bad("sensitivity_at_specificity: specificity", lambda at: evaluation.sensitivity_at_specificity(BINARY, SCORES, specificity=-1), "specificity", "-1"),
    bad("sensitivity_at_specificity: pos_label", lambda at: evaluation.sensitivity_at_specificity(BINARY, SCORES, pos_label="ill"), "pos_label", "'ill'"),
    bad("specificity_at_sensitivity_scorer: sensitivity", lambda at: evaluation.specificity_at_sensitivity_scorer(95), "sensitivity", "95"),
    bad("sensitivity_at_specificity_scorer: specificity", lambda at: evaluation.sensitivity_at_specificity_scorer(1.5), "specificity", "1.5"),
    bad("aggregate_patients: how", lambda at: evaluation.aggregate_patients(probabilities(), BINARY, "median"), "how='median'", "noisy-or"),
    bad("aggregate_patients: groups", lambda at: evaluation.aggregate_patients(probabilities(), [1, 2]), "groups", "2", "12"),
    bad("aggregate_patients: one column", lambda at: evaluation.aggregate_patients(SCORES, BINARY), "Expected 2D", "1D", "reshape"),
    bad("aggregate_patients: NaN", lambda at: evaluation.aggregate_patients(probabilities() * np.nan, BINARY), "probabilities", "NaN"),
    bad("aggregate_patients: positive", lambda at: evaluation.aggregate_patients(probabilities(), BINARY, "max", positive=5), "positive", "5"),
    bad("aggregate_patients: noisy-or", lambda at: evaluation.aggregate_patients(probabilities(12, 3), BINARY, "noisy-or"), "noisy-or", "3"),
]  # fmt: skip

COMPARING = [
    bad("compare: no estimators", lambda at: compared(models={}), "estimators", "empty"),
    bad("compare: no estimator", lambda at: compared(models={"a": 3}), "'a'", "3", kind=(TypeError, ValueError)),
    bad("compare: no y", lambda at: compared(y=None), "y"),
    bad("compare: y too short", lambda at: compared(y=BINARY[:7]), "12", "7"),
    bad("compare: one class", lambda at: compared(y=BINARY * 0), "class"),
    bad("compare: labels with NaN", lambda at: compared(y=np.where(BINARY, np.nan, 0)), "NaN"),
    bad("compare: more folds than cases", lambda at: compared(cv=7), "n_splits=7", "members"),
    bad("compare: one fold", lambda at: compared(cv=1), "cv", "1"),
    bad("learning_curve: train_sizes", lambda at: evaluation.learning_curve(GaussianNB(), GRAY.reshape(12, -1), BINARY, train_sizes=[0.5, 2.0], cv=2, verbose=0), "train_sizes", "2.0"),
    bad("learning_curve: a size that lacks a class", lambda at: evaluation.learning_curve(GaussianNB(), GRAY.reshape(12, -1), BINARY, train_sizes=[1], cv=2, verbose=0), "train_sizes", "lack a class"),
    bad("compare: repeats", lambda at: compared(repeats=0), "repeats", "0"),
    bad("compare: scoring", lambda at: compared(scoring="acuracy"), "acuracy"),
    bad("compare: pos_label", lambda at: compared(pos_label=7), "pos_label", "7"),
    bad("compare: error_score", lambda at: compared(error_score="skip"), "error_score", "'skip'", "raise"),
    bad("compare: groups", lambda at: compared(groups=[1, 2]), "groups", "2", "12"),
    bad("compare: groups with gaps", lambda at: compared(groups=[None, "a"] * 6), "groups", kind=(TypeError, ValueError)),
    bad("compare: a damaged checkpoint", lambda at: compared(checkpoint=at), "checkpoint"),
    bad("compare: columns", lambda at: compared(columns={"age": [1, 2]}), "columns", "2 rows", "12"),
    bad("compare: load_report", lambda at: compared(load_report="8 files"), "load_report=data.report", "str", kind=TypeError),
    bad("compare: a taken name", lambda at: compared(models={"truth": GaussianNB()}), "'truth'"),
    bad("compare: the same name twice", lambda at: sk.compare([GaussianNB(), object()], GRAY.reshape(12, -1), BINARY, repeats=1), "object", kind=(TypeError, ValueError)),
    bad("compare: external of rows alone", lambda at: compared(external=GRAY), "external", "'Cairo': (X2, y2, groups2)"),
    bad("compare: external without labels", lambda at: compared(external={"Cairo": (ROWS,)}), "external['Cairo']", "1 parts"),
    bad("compare: external columns too short", lambda at: compared(external={"Cairo": (ROWS, BINARY, None, {"sex": ["f"]})}), "external['Cairo']", "columns has 1 rows", "12"),
    bad("Comparison: report with robustness of nothing", lambda at: fitted("comparison").to_html(at / "r.html", robustness=0.9), "robustness", "result.robustness()", "float", kind=TypeError),
    bad("compare: external y too short", lambda at: compared(external={"Cairo": (ROWS, BINARY[:7])}), "external['Cairo']", "12", "7"),
    bad("compare: external class never seen", lambda at: compared(external={"Cairo": (ROWS, BINARY + 1)}), "external['Cairo']", "6 images", "[0, 1]"),
    bad("compare: site too short", lambda at: compared(site=[1, 2], cv=5), "site", "2", "12"),
    bad("compare: one site", lambda at: compared(site=BINARY * 0, cv=5), "site", "2", "0"),
    bad("compare: site and cv", lambda at: compared(site=BINARY, cv=3), "site", "cv"),
    bad("compare: a patient of two sites", lambda at: compared(site=np.arange(12) % 3, groups=np.arange(12) // 2, cv=5), "6 patients", "several sites"),
    bad("compare: a site with all of a class", lambda at: compared(site=BINARY, cv=5), "site", "one class"),
    bad("Comparison: validate without models", lambda at: fitted("comparison").validate("Cairo", ROWS, BINARY), "keep_models=True", "'Cairo'"),
    bad("Comparison: drops without sets", lambda at: fitted("comparison").drops(), "external="),
    bad("Comparison: sites without sites", lambda at: fitted("comparison").sites(), "site=hospital"),
    bad("Comparison: robustness without models", lambda at: fitted("comparison").robustness(ROWS), "keep_models=True"),
    bad("Comparison: no such perturbation", lambda at: compared(keep_models=True).robustness(ROWS, ["fog"]), "'fog'", "blur"),
    bad("Comparison: values of a perturbation", lambda at: compared(keep_models=True).robustness(ROWS, {"JPEG": (200,)}), "'JPEG'", "200", "100"),
    bad("Comparison: robustness of other images", lambda at: compared(keep_models=True).robustness(ROWS[:5]), "12", "5"),
    bad("audit: site too short", lambda at: sk.audit(GRAY, BINARY, site=[1, 2]), "site", "2", "12"),
    bad("evaluate: not a model", lambda at: evaluation.evaluate(3, ROWS, BINARY), "model", "3", kind=TypeError),
    bad("evaluate: an unfitted model", lambda at: evaluation.evaluate(GaussianNB(), ROWS, BINARY), "fit", kind=NotFittedError),
    bad("evaluate: no file", lambda at: evaluation.evaluate(at / "no.skmed", ROWS, BINARY), "no.skmed", kind=(OSError, ValueError)),
    bad("evaluate: another class", lambda at: evaluation.evaluate(fitted("bayes"), ROWS, BINARY + 1), "6 images", "[0, 1]"),
    bad("Evaluation: recalibrate masks", lambda at: evaluation.evaluate(fitted("unet"), GRAY, MASKS).recalibrate(), "recalibrate", "two classes"),
    bad("Comparison: no such model", lambda at: fitted("comparison").interval("tree"), "'tree'", "bayes", kind=(KeyError, ValueError)),
    bad("Comparison: no such score", lambda at: fitted("comparison").interval("bayes", "dise"), "'dise'", kind=(KeyError, ValueError)),
    bad("Comparison: confidence", lambda at: fitted("comparison").summary(confidence=95), "confidence", "95"),
    bad("Comparison: reference", lambda at: fitted("comparison").tests(reference="tree"), "'tree'", kind=(KeyError, ValueError)),
    bad("Comparison: plot", lambda at: fitted("comparison").plot("pie"), "kind='pie'", "scores"),
    bad("Comparison: prevalence", lambda at: fitted("comparison").at(prevalence=2), "prevalence", "2", "0.02"),
    bad("Comparison: threshold", lambda at: fitted("comparison").at(threshold=0), "threshold", "0"),
    bad("ClinicalNumbers: of no such model", lambda at: fitted("comparison").at(name="tree"), "'tree'", "bayes"),
    bad("Comparison: sensitivity", lambda at: fitted("comparison").specificity_at(95), "sensitivity", "95"),
    bad("Comparison: thresholds of net benefit", lambda at: fitted("comparison").net_benefit([0.5, 1]), "thresholds", "1"),
    bad("Comparison: cost", lambda at: fitted("comparison").expected_cost([0, 1]), "cost", "2 rows of 2", "[0, 1]"),
    bad("Comparison: calibration", lambda at: fitted("comparison").calibration("tree"), "'tree'", "bayes"),
    bad("NetBenefitDisplay: thresholds", lambda at: evaluation.NetBenefitDisplay.from_comparison(fitted("comparison"), thresholds=[50]), "thresholds", "50"),
    bad("adjust_prevalence: prevalence", lambda at: evaluation.adjust_prevalence(SCORES, 2, 0.5), "prevalence", "2", "0.02"),
    bad("adjust_prevalence: train_prevalence", lambda at: evaluation.adjust_prevalence(SCORES, 0.5, 1), "train_prevalence", "1"),
    bad("adjust_prevalence: shares", lambda at: evaluation.adjust_prevalence(probabilities(), 0.5, [0.5, 0.5]), "prevalence", "2 shares", "0.5"),
    bad("adjust_prevalence: scores", lambda at: evaluation.adjust_prevalence(SCORES - 1, 0.5, 0.1), "probabilities", "-1"),
    bad("adjust_prevalence: NaN", lambda at: evaluation.adjust_prevalence(probabilities() * np.nan, [0.5, 0.5], [0.5, 0.5]), "probabilities", "NaN"),
    bad("Comparison: to_frame", lambda at: fitted("comparison").to_frame("all"), "what='all'", "predictions"),
    bad("Comparison: by_patient", lambda at: fitted("comparison").by_patient(), "groups"),
    bad("Comparison: from_json", lambda at: evaluation.Comparison.from_json(at / "comparison.json"), "comparison.json"),
    bad("Comparison: from text", lambda at: evaluation.Comparison.from_json(at / "table.csv"), "table.csv"),
    bad("PairwiseTests: reference", lambda at: fitted("comparison").tests(reference=3), "3", kind=(KeyError, ValueError)),
    bad("ComparisonDisplay: metric", lambda at: evaluation.ComparisonDisplay.from_comparison(fitted("comparison"), "dise"), "'dise'", kind=(KeyError, ValueError)),
    bad("ScoreVersusCost: cost", lambda at: evaluation.ScoreVersusCost.from_comparison(fitted("comparison"), cost="money"), "cost='money'", "time"),
    bad("ConfusionDisplay: lengths", lambda at: evaluation.ConfusionDisplay.from_predictions([0, 1], [0]), "2", "1"),
    bad("ConfusionDisplay: name", lambda at: evaluation.ConfusionDisplay.from_comparison(fitted("comparison"), "tree"), "'tree'", kind=(KeyError, ValueError)),
    bad("RocBandDisplay: pos_label", lambda at: evaluation.RocBandDisplay.from_comparison(fitted("comparison"), pos_label=5), "pos_label=5", "0"),
    bad("RocBandDisplay: names", lambda at: evaluation.RocBandDisplay.from_comparison(fitted("comparison"), ["tree"]), "'tree'", kind=(KeyError, ValueError)),
    bad("PrecisionRecallBandDisplay: one class", lambda at: evaluation.PrecisionRecallBandDisplay.from_predictions(BINARY * 0, SCORES), "class"),
    bad("TrainingCurvesDisplay: no network", lambda at: evaluation.TrainingCurvesDisplay.from_estimator(fitted("bayes")), "history"),
    bad("PredictionGallery: show", lambda at: evaluation.PredictionGallery.from_estimator(fitted("mlp"), GRAY, BINARY, show="best"), "show='best'"),
    bad("PredictionGallery: lengths", lambda at: evaluation.PredictionGallery.from_estimator(fitted("mlp"), GRAY, BINARY[:4]), "12", "4"),
    bad("SegmentationDisplay: show", lambda at: evaluation.SegmentationDisplay.from_predictions(GRAY, MASKS, MASKS, show=["first"]), "'first'", "worst"),
    bad("SegmentationDisplay: lengths", lambda at: evaluation.SegmentationDisplay.from_predictions(GRAY, MASKS[:4], MASKS[:4]), "12", "4"),
    bad("Checklists: name", lambda at: fitted("comparison").checklist("CONSORT"), "'CONSORT'", "CLAIM"),
    bad("journal_figures: width", lambda at: evaluation.journal_figures("wide").__enter__(), "width='wide'", "'single'"),
    bad("Comparison: to_csv", lambda at: fitted("comparison").to_csv(at / "x.csv", "masks"), "what='masks'", "predictions"),
    bad("Subgroups: no columns", lambda at: fitted("comparison").by("sex"), "columns=", "load_image_table"),
    bad("Subgroups: no such column", lambda at: compared(columns={"age": range(12)}).by("sex"), "by='sex'", "'age'"),
    bad("Subgroups: bins", lambda at: compared(columns={"age": range(12)}).by("age", bins={"age": [3, 1]}), "bins['age']", "rising"),
    bad("SubgroupDisplay: a comparison", lambda at: evaluation.SubgroupDisplay.from_subgroups(fitted("comparison")), "Comparison.by", kind=TypeError),
    bad("AuditDisplay: kind", lambda at: evaluation.AuditDisplay.from_audit(fitted("audit"), "leaks of gas"), "kind='leaks of gas'"),
    bad("audit: predictions", lambda at: sk.audit(GRAY, BINARY, predictions=SCORES), "predictions", "compare", "ndarray", kind=TypeError),
    bad("audit: predictions of others", lambda at: sk.audit(GRAY, 1 - BINARY, predictions=fitted("comparison")), "predictions", "same X and y"),
    bad("audit: predictions and a test set", lambda at: sk.audit(GRAY, BINARY, test=(GRAY, BINARY), predictions=fitted("comparison")), "predictions", "test=row numbers"),
    bad("Audit: no predictions", lambda at: fitted("audit").suspicious_labels(), "predictions=compare"),
    bad("audit: lengths", lambda at: sk.audit(GRAY, BINARY[:4]), "12", "4"),
    bad("audit: mute", lambda at: sk.audit(GRAY, BINARY, mute=["sizes"]), "mute", "sizes", "mixed-shapes"),
    bad("audit: groups", lambda at: sk.audit(GRAY, BINARY, [1, 2]), "groups", "2", "12"),
    bad("audit: max_hash_distance", lambda at: sk.audit(GRAY, BINARY, max_hash_distance=-1), "max_hash_distance", "-1"),
    bad("audit: max_hash_distance of text", lambda at: sk.audit(GRAY, BINARY, max_hash_distance="foo"), "max_hash_distance", "foo"),
    bad("audit: min_correlation", lambda at: sk.audit(GRAY, BINARY, min_correlation=5), "min_correlation", "5"),
    bad("audit: test of text", lambda at: sk.audit(GRAY, BINARY, test="foo"), "test='foo'", "row numbers"),
    bad("Audit: severity", lambda at: fitted("audit").of("fatal"), "severity", "'fatal'"),
    bad("ThresholdAt: two promises", lambda at: sk.ThresholdAt(GaussianNB(), sensitivity=0.9, cost=2).fit(SCORES[:, None], BINARY), "sensitivity=0.9", "cost=2", "exclude"),
    bad("ThresholdAt: sensitivity", lambda at: sk.ThresholdAt(GaussianNB(), sensitivity=95).fit(SCORES[:, None], BINARY), "sensitivity", "95"),
    bad("ThresholdAt: three classes", lambda at: sk.ThresholdAt(GaussianNB()).fit(SCORES[:, None], np.arange(12) % 3), "binary", "multiclass"),
    bad("ThresholdAt: pos_label", lambda at: sk.ThresholdAt(GaussianNB(), pos_label="ill").fit(SCORES[:, None], BINARY), "pos_label", "'ill'"),
    bad("ThresholdAt: confidence", lambda at: sk.ThresholdAt(GaussianNB(), sensitivity=0.99, confidence=0.95).fit(SCORES[:, None], BINARY), "sensitivity=0.99", "confidence=0.95", "gather more"),
    bad("ThresholdAt: estimator", lambda at: sk.ThresholdAt(StandardScaler()).fit(SCORES[:, None], BINARY), "estimator", "StandardScaler"),
    bad("ThresholdAt: one patient", lambda at: sk.ThresholdAt(GaussianNB()).fit(SCORES[:, None], BINARY, groups=BINARY), "patient", "class 0", "1"),
    bad("ThresholdAt: no weight", lambda at: sk.ThresholdAt(GaussianNB()).fit(SCORES[:, None], BINARY, sample_weight=BINARY), "sample_weight", "class 0", "above zero"),
    bad("ThresholdAt: weights", lambda at: sk.ThresholdAt(GaussianNB()).fit(SCORES[:, None], BINARY, sample_weight=BINARY[1:]), "sample_weight", "11", "12"),
    bad("ThresholdAt: ensemble", lambda at: sk.ThresholdAt(GaussianNB(), ensemble="auto").fit(SCORES[:, None], BINARY), "ensemble", "'auto'"),
    bad("ThresholdAt: plan", lambda at: sk.ThresholdAt(GaussianNB(), sensitivity=0.9).fit(SCORES[:, None], BINARY).plan([0]), "n_patients", "0"),
    bad("positives_needed", lambda at: evaluation.positives_needed(95), "sensitivity", "95"),
    bad("ThresholdAt: not fitted", lambda at: sk.ThresholdAt(GaussianNB()).predict(SCORES[:, None]), "ThresholdAt", kind=NotFittedError),
    bad("FoldEnsemble: estimator", lambda at: sk.FoldEnsemble(StandardScaler()).fit(SCORES[:, None], BINARY), "estimator", "StandardScaler"),
    bad("FoldEnsemble: cv", lambda at: sk.FoldEnsemble(GaussianNB(), cv=1).fit(SCORES[:, None], BINARY), "cv", "1"),
    bad("FoldEnsemble: few patients", lambda at: sk.FoldEnsemble(GaussianNB()).fit(SCORES[:, None], BINARY, groups=BINARY), "cv=5", "patients", "2"),
    bad("FoldEnsemble: half a fold", lambda at: sk.FoldEnsemble(GaussianNB(), cv=[(np.arange(6), np.arange(6, 12))]).fit(SCORES[:, None], BINARY), "cv=", "exactly once"),
    bad("FoldEnsemble: groups", lambda at: sk.FoldEnsemble(GaussianNB()).fit(SCORES[:, None], BINARY, groups=[1]), "groups", "1", "12"),
    bad("FoldEnsemble: one class", lambda at: sk.FoldEnsemble(GaussianNB()).fit(SCORES[:, None], BINARY * 0), "2 classes", "1 class"),
    bad("FoldEnsemble: not fitted", lambda at: sk.FoldEnsemble(GaussianNB()).predict(SCORES[:, None]), "FoldEnsemble", kind=NotFittedError),
    bad("ConformalClassifier: coverage", lambda at: evaluation.ConformalClassifier(GaussianNB(), 90).fit(SCORES[:, None], BINARY), "coverage", "90"),
    bad("ConformalClassifier: estimator", lambda at: evaluation.ConformalClassifier(StandardScaler()).fit(SCORES[:, None], BINARY), "estimator", "StandardScaler"),
    bad("ConformalClassifier: repeats", lambda at: evaluation.ConformalClassifier(GaussianNB(), cv=[(np.arange(6), np.arange(6, 12))] * 2).fit(SCORES[:, None], BINARY), "cv=", "more than once"),
    bad("ConformalClassifier: groups", lambda at: evaluation.ConformalClassifier(GaussianNB()).fit(SCORES[:, None], BINARY, groups=[1]), "groups", "1", "12"),
    bad("ConformalClassifier: one class", lambda at: evaluation.ConformalClassifier(GaussianNB()).fit(SCORES[:, None], BINARY * 0), "2 classes", "1 class"),
    bad("ConformalClassifier: not fitted", lambda at: evaluation.ConformalClassifier(GaussianNB()).predict_set(SCORES[:, None]), "ConformalClassifier", kind=NotFittedError),
    bad("InputGuard: quantile", lambda at: sk.InputGuard(quantile=99).fit(GRAY), "quantile", "99"),
    bad("InputGuard: features", lambda at: sk.InputGuard(GaussianNB()).fit(GRAY), "features", "GaussianNB"),
    bad("InputGuard: constant", lambda at: sk.InputGuard().fit(GRAY * 0), "differ", "12", "empty"),
    bad("InputGuard: one patient", lambda at: sk.InputGuard().fit(GRAY, groups=np.zeros(12)), "n_neighbors=5", "patient", "0"),
    bad("InputGuard: groups", lambda at: sk.InputGuard().fit(GRAY, groups=[1]), "groups", "1", "12"),
    bad("InputGuard: not fitted", lambda at: sk.InputGuard().flag(GRAY), "InputGuard", kind=NotFittedError),
    bad("PatientAggregator: how", lambda at: sk.PatientAggregator(GaussianNB(), how="median").fit(SCORES[:, None], BINARY), "how", "'median'", "noisy-or"),
    bad("PatientAggregator: groups", lambda at: sk.PatientAggregator(GaussianNB()).fit(SCORES[:, None], BINARY, groups=[1]), "groups", "1", "12"),
    bad("PatientAggregator: not fitted", lambda at: sk.PatientAggregator(GaussianNB()).predict(SCORES[:, None]), "PatientAggregator", kind=NotFittedError),
    bad("OptunaSearch: storage", lambda at: searched(storage="study.log"), "storage='study.log'", "journal:"),
    bad("OptunaSearch: no such parameter", lambda at: searched(spaces={"smoothing": [1]}), "smoothing", "GaussianNB"),
    bad("OptunaSearch: n_trials", lambda at: searched(n_trials=0), "n_trials", "0"),
    bad("OptunaSearch: scoring", lambda at: searched(scoring="acuracy"), "scoring", "acuracy"),
    bad("OptunaSearch: callbacks", lambda at: searched(callbacks=[1]), "callbacks", "1", kind=TypeError),
    bad("OptunaSearch: catch", lambda at: searched(catch=(ValueError, 1)), "catch", "1", kind=TypeError),
    bad("OptunaSearch: error_score", lambda at: searched(error_score="rise"), "error_score", "'rise'"),
    bad("OptunaSearch: refit", lambda at: searched(refit=lambda results: -1), "best_index_", kind=IndexError),
    bad("OptunaSearch: range as a tuple", lambda at: searched(spaces={"var_smoothing": (1e-9, 1.0)}), "'var_smoothing'", "FloatDistribution"),
    bad("OptunaSearch: names", lambda at: searched(estimators={"a": GaussianNB()}, spaces={"b": {"var_smoothing": [1]}}), "'b'", "'a'"),
    bad("OptunaSearch: not fitted", lambda at: search.OptunaSearch(GaussianNB(), {}).predict(SCORES[:, None]), "OptunaSearch", kind=NotFittedError),
    bad("default_space: unknown", lambda at: search.default_space("GaussianNB"), "'GaussianNB'", "ShallowMLP"),
    bad("parameter_table: no network", lambda at: inspection.parameter_table(fitted("bayes")), "GaussianNB", kind=TypeError),
    bad("parameter_table: not fitted", lambda at: inspection.parameter_table(sk.ScratchCNN()), "ScratchCNN", "fitted", kind=TypeError),
    bad("ParameterTable: a number", lambda at: inspection.parameter_table(3), "int", kind=TypeError),
    bad("grad_cam: no network", lambda at: inspection.grad_cam(fitted("bayes"), GRAY), "GaussianNB", "occlusion", kind=TypeError),
    bad("grad_cam: no convolution", lambda at: inspection.grad_cam(fitted("mlp"), GRAY), "convolution", "occlusion", kind=TypeError),
    bad("grad_cam: target", lambda at: inspection.grad_cam(fitted("cnn"), GRAY, target=7), "target=7", "0"),
    bad("grad_cam: layer", lambda at: inspection.grad_cam(fitted("cnn"), GRAY, layer="last"), "layer='last'", "parameter_table"),
    bad("grad_cam: segmenter", lambda at: inspection.grad_cam(fitted("unet"), GRAY), "classifiers", kind=TypeError),
    bad("occlusion: patch", lambda at: inspection.occlusion(fitted("cnn"), GRAY, patch=99), "patch", "99", "16"),
    bad("occlusion: stride", lambda at: inspection.occlusion(fitted("cnn"), GRAY, patch=4, stride=0), "stride", "got 0", "patch=4"),
    bad("occlusion: target", lambda at: inspection.occlusion(fitted("cnn"), GRAY, target="ill"), "target='ill'", "0"),
    bad("hog_map: no HOG", lambda at: inspection.hog_map(fitted("cnn"), GRAY), "HOG", "occlusion", kind=TypeError),
    bad("ExplanationDisplay: method", lambda at: inspection.ExplanationDisplay.from_estimator(fitted("cnn"), GRAY, method="lime"), "method='lime'", "occlusion"),
    bad("save: unknown class", lambda at: saving.save(SimpleNamespace(), at / "m.skmed"), "SimpleNamespace", kind=(TypeError, ValueError)),
    bad("save: no folder", lambda at: saving.save(fitted("mlp"), at / "no" / "m.skmed"), "m.skmed", kind=OSError),
    bad("to_onnx: no net", lambda at: saving.to_onnx(SimpleNamespace(), at / "m.onnx"), "not an estimator", kind=(TypeError, ValueError)),
    bad("to_onnx: no folder", lambda at: saving.to_onnx(fitted("mlp"), at / "no" / "m.onnx"), "m.onnx", kind=OSError),
    bad("load: not there", lambda at: saving.load(at / "no.skmed"), "no.skmed", kind=FileNotFoundError),
    bad("load: no model", lambda at: saving.load(at / "gray.png"), "gray.png"),
    bad("load: damaged", lambda at: saving.load(at / "model.skmed"), "model.skmed"),
    bad("read_card: no model", lambda at: saving.read_card(at / "gray.png"), "gray.png", "not a model"),
    bad("read_card: not there", lambda at: saving.read_card(at / "no.skmed"), "no.skmed", kind=FileNotFoundError),
    bad("load_recipe: unknown", lambda at: recipes.load_recipe("vgg17"), "'vgg17'", "list_recipes"),
    bad("recipe_card: unknown", lambda at: recipes.recipe_card("vgg17"), "'vgg17'", "list_recipes"),
    bad("list_recipes: task", lambda at: recipes.list_recipes(task="guessing"), "task", "'guessing'"),
    bad("load: a pickle", lambda at: saving.load(at / "pickle.skmed"), "pickle.skmed"),
]  # fmt: skip

BAD_INPUTS = [*NETWORKS, *READING, *CHANGING, *DESCRIBING, *MEASURING, *COMPARING]

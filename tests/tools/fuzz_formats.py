"""What is fuzzed: whole files of every format we read, and what reading one has to come to."""

import gzip
import io
import warnings
from collections import namedtuple
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from skmedimg import load_image_table
from skmedimg.images import ImageReadError, load_masks, read_image
from tests.tools.mutants import forged_model, with_checksums, without_checksums

# What a file is called; from nothing to a list of whole files; from a path to nothing or to one
# of `refusals`; from a whole file and a generator to a mutant.
Format = namedtuple("Format", "name wholes read refusals damage")

SMOOTH = np.add.outer(np.arange(24), np.arange(32)).astype(np.uint8) * 4
COLOR = np.stack([SMOOTH, SMOOTH[::-1], SMOOTH[:, ::-1]], axis=-1)
DEEP = SMOOTH.astype(np.uint16) * 257
FACTS = {"seed": 0, "scores": ["auc"], "versions": {"numpy": "2.0"}}
ROWS = np.arange(24, dtype=np.float32).reshape(8, 3)
SPACE = "0" * 32
KEYS = [bytes([k] * 16) for k in range(8)]


def read_picture(path):
    image = read_image(path, frame=0)
    assert image.ndim in (2, 3)
    assert image.size
    assert np.isfinite(image).all()


def read_mask(path):
    assert load_masks([path]).ndim == 3


def read_table(path):
    data = load_image_table(path, group="patient", verify=False)
    assert len(data.paths) == len(data.target) == len(data.groups)


def read_shard(path):
    """The store gives the right rows, whatever became of its file."""
    from skmedimg.transfer import FeatureStore

    folder = path.with_suffix("")
    (folder / SPACE).mkdir(parents=True, exist_ok=True)
    path.replace(folder / SPACE / f"{SPACE}.shard")
    found = FeatureStore(folder).fetch(SPACE, KEYS, lambda positions: ROWS[positions])
    np.testing.assert_array_equal(found, ROWS)


def read_cell(path):
    """A fold result comes back as it was written, or not at all."""
    found = _checkpoint(path.parent / "cells").read("a", "a", _fold_result().split)
    assert found is None or str(replace(found, split=None)) == str(
        replace(_fold_result(), split=None)
    )


def read_facts(path):
    _checkpoint(path.parent)


def read_journal(path):
    from skmedimg.search._study_storage import open_study

    with quiet_optuna():
        open_study(f"journal:{path}", "study", ["maximize"]).get_trials()


def read_model(path):
    """A model that loads predicts what the saved one predicted."""
    from skmedimg.saving import load

    np.testing.assert_array_equal(load(path).predict_proba(SMOOTH[None]), _model()[1])


def load_model(path):
    """A model that somebody made up may be bad, but it is a model or an error."""
    from skmedimg.saving import load

    assert hasattr(load(path), "fit")


def pictures(kind):
    """Return files of a kind that Pillow writes, of every mode and packing it has there."""
    return [_written(picture, kind, **options) for picture, options in _PICTURES[kind]()]


def _png_files():
    modes = ("1", "L", "LA", "RGB", "RGBA", "P", "PA")
    yield from ((Image.fromarray(COLOR).convert(mode), {}) for mode in modes if mode != "PA")
    yield Image.fromarray(DEEP), {}
    for bits in (1, 2, 4):
        yield Image.fromarray(COLOR).quantize(2**bits), {"bits": bits}
    yield Image.fromarray(COLOR).quantize(9), {"transparency": 3}
    yield Image.fromarray(SMOOTH), {"transparency": 0}


def _tiff_files():
    for packing in ("raw", "tiff_deflate", "tiff_lzw", "packbits", "jpeg", "group4"):
        picture = Image.fromarray(COLOR).convert("1" if packing == "group4" else "RGB")
        yield picture, {"compression": packing}
    yield Image.fromarray(DEEP), {}
    yield Image.fromarray(SMOOTH.astype(np.float32)), {}
    yield Image.fromarray(COLOR).quantize(7), {}
    yield Image.fromarray(SMOOTH), {"save_all": True, "append_images": [Image.fromarray(COLOR)]}


def _jpeg_files():
    upside_down = Image.Exif()
    upside_down[0x0112] = 6
    yield Image.fromarray(SMOOTH), {}
    yield Image.fromarray(COLOR), {"progressive": True}
    yield Image.fromarray(COLOR), {"exif": upside_down, "subsampling": 0}
    yield Image.fromarray(COLOR).convert("CMYK"), {}


def _webp_files():
    yield Image.fromarray(COLOR), {}
    yield Image.fromarray(COLOR), {"lossless": True}
    yield Image.fromarray(COLOR).convert("RGBA"), {}
    yield Image.fromarray(COLOR), {"save_all": True, "append_images": [Image.fromarray(SMOOTH)]}


def _plain_files(*modes):
    return [(Image.fromarray(COLOR).convert(mode), {}) for mode in modes]


_PICTURES = {
    "PNG": _png_files,
    "TIFF": _tiff_files,
    "JPEG": _jpeg_files,
    "WEBP": _webp_files,
    "BMP": lambda: _plain_files("1", "L", "P", "RGB", "RGBA"),
    "GIF": lambda: [*_plain_files("P"), (Image.fromarray(SMOOTH), {"interlace": 1})],
    "PPM": lambda: [*_plain_files("L", "RGB"), (Image.fromarray(DEEP), {})],
}


def _written(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _masks():
    """Gray and palette pictures alone: colored masks are refused."""
    kinds = [(kind, *each) for kind in ("PNG", "TIFF", "GIF") for each in _PICTURES[kind]()]
    return [
        _written(picture, kind, **options)
        for kind, picture, options in kinds
        if picture.mode not in ("RGB", "RGBA") and "append_images" not in options
    ]


def _dicom():
    """The files of pydicom's own tests: every transfer syntax, color space and kind of table."""
    import pydicom

    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    files = [path.read_bytes() for path in sorted(folder.glob("*.dcm"))]
    return [file for file in files if len(file) < 100_000 and file[128:132] == b"DICM"]


def _nifti():
    import nibabel

    volumes = [SMOOTH.astype(dtype) for dtype in ("u1", "<i2", ">i2", "<f4", "<f8", "<c8")]
    volumes += [np.stack([SMOOTH, SMOOTH], axis=-1)]
    files = [nibabel.Nifti1Image(volume, np.eye(4)).to_bytes() for volume in volumes]
    return [*files, nibabel.Nifti2Image(SMOOTH, np.eye(4)).to_bytes()]


def _packed_nifti():
    return [gzip.compress(file) for file in _nifti()]


def _tables():
    rows = [f"scans/é {k}.png,{'ill' if k % 2 else 'well'},{k // 2:03d}\r\n" for k in range(8)]
    table = "path,label,patient\r\n" + "".join(rows)
    return [table.encode(), b"\xef\xbb\xbf" + table.replace("well", '"well, but\n"').encode()]


def _shards():
    from skmedimg.transfer import FeatureStore

    with TemporaryDirectory() as folder:
        FeatureStore(folder).fetch(SPACE, KEYS, lambda positions: ROWS[positions])
        return [path.read_bytes() for path in Path(folder).rglob("*.shard")]


def _cells():
    with TemporaryDirectory() as folder:
        _checkpoint(folder).write("a", _fold_result())
        return [path.read_bytes() for path in Path(folder).glob("*.npz")]


def _facts():
    with TemporaryDirectory() as folder:
        _checkpoint(folder)
        return [(Path(folder) / "comparison.json").read_bytes()]


def _checkpoint(folder):
    from skmedimg.evaluation.running._fold_checkpoint import Checkpoint

    return Checkpoint(folder, FACTS, np.array([0, 1]))


@cache
def _fold_result():
    """Return the result of the only fit of a comparison."""
    from sklearn.neural_network import MLPClassifier

    from skmedimg import compare

    model = MLPClassifier((1,), max_iter=1, random_state=0)
    cv, quiet = [(range(4), range(4, 6))], {"baseline": False, "audit": False, "verbose": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare({"a": model}, ROWS[:6], [0, 1] * 3, cv=cv, random_state=0, **quiet)
    [result] = found.fold_results["a"]
    return replace(result, scores={"f1": 0.5})  # of scorers alone, as a file keeps them


@contextmanager
def quiet_optuna():
    """Keep optuna from logging every study that is opened."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _journals():
    from optuna import create_study
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    with TemporaryDirectory() as folder, quiet_optuna():
        path = Path(folder) / "study.log"
        storage = JournalStorage(JournalFileBackend(str(path)))
        study = create_study(storage=storage, study_name="study", direction="maximize")
        for value in (0.5, 0.25):
            trial = study.ask()
            trial.suggest_float("x", 0, 1)
            study.tell(trial, value)
        return [path.read_bytes()]


@cache
def _model():
    """Return the file of a saved model, and what it predicts."""
    from skmedimg import Pipeline, ScratchCNN
    from skmedimg.saving import save

    images = np.stack([SMOOTH, SMOOTH.T[:24, :24].repeat(2, 1)[:, :32]] * 2)
    model = Pipeline([ScratchCNN((2,), dense_units=(2,), max_epochs=1, random_state=0)])
    model.fit(images, [0, 1, 0, 1])
    with TemporaryDirectory() as folder:
        file = Path(save(model, Path(folder) / "a.skmed")).read_bytes()
    return file, model.predict_proba(SMOOTH[None])


_READ = (read_picture, (ImageReadError,))
FORMATS = {
    **{
        kind.lower(): Format(
            f"a.{kind.lower()}", partial(pictures, kind), *_READ, without_checksums
        )
        for kind in ("JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
    },
    "png": Format("a.png", lambda: pictures("PNG"), *_READ, with_checksums("png")),
    "dicom": Format("a.dcm", _dicom, *_READ, without_checksums),
    "nifti": Format("a.nii", _nifti, *_READ, without_checksums),
    "nifti.gz": Format("a.nii.gz", _packed_nifti, *_READ, with_checksums("gzip")),
    "mask": Format(
        "mask.img", _masks, read_mask, (ImageReadError,), with_checksums("png")
    ),
    "table": Format("a.csv", _tables, read_table, (ValueError,), without_checksums),
    "features": Format("a.part", _shards, read_shard, (), without_checksums),
    "comparison": Format("comparison.json", _facts, read_facts, (ValueError,), without_checksums),
    "fit": Format("cells/a-000-000.npz", _cells, read_cell, (), with_checksums("zip")),
    "journal": Format("study.log", _journals, read_journal, (ValueError,), without_checksums),
    "model": Format(
        "a.skmed", lambda: [_model()[0]], read_model, (ValueError,), with_checksums("zip")
    ),
    "forged model": Format(
        "a.skmed", lambda: [_model()[0]], load_model, (ValueError,), forged_model
    ),
}  # fmt: skip

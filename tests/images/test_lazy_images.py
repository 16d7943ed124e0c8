"""LazyImages act like an array of images and read only what is asked for."""

import multiprocessing
import pickle
import threading

import numpy as np
import pytest
from imblearn.pipeline import Pipeline as ImbalancedPipeline
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    train_test_split,
)
from sklearn.pipeline import Pipeline

from skmedimg.images import ImageReadError, LazyImages

LABELS = np.arange(24) % 2


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """24 files; the images of label 1 are brighter."""
    folder = tmp_path_factory.mktemp("images with spaces é")
    for k, label in enumerate(LABELS):
        image = np.random.RandomState(k).randint(0, 100, (20, 30)) + 100 * label
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{k:02d}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def lazy(files):
    return LazyImages(files, size=(8, 8))


@pytest.fixture
def decoded(monkeypatch):
    """Record the files that are decoded."""
    paths, decode = [], PngImageFile.load

    def load(picture):
        if picture.tile:  # what is still to be decoded
            paths.append(picture.fp.name)
        return decode(picture)

    monkeypatch.setattr(PngImageFile, "load", load)
    return paths


class Flatten(TransformerMixin, BaseEstimator):
    """The smallest step that decodes."""

    def fit(self, X, y=None):
        assert isinstance(X, LazyImages)
        self.fitted_ = True
        return self

    def transform(self, X):
        return X.load().reshape(len(X), -1) / 255


@pytest.fixture(params=[Pipeline, ImbalancedPipeline])
def model(request):
    return request.param([("flatten", Flatten()), ("model", LogisticRegression())])


def test_loading_gives_what_pillow_gives(files):
    images = LazyImages(files).load()
    np.testing.assert_array_equal(images, [np.asarray(Image.open(path)) for path in files])


def test_shape_and_dtype_are_known_from_the_first_file_alone(files, decoded):
    images = LazyImages(files, size=(8, 10), color="rgb")
    assert (images.shape, images.ndim, images.dtype) == ((24, 8, 10, 3), 4, np.uint8)
    assert (len(images), images.nbytes) == (24, 24 * 8 * 10 * 3)
    assert decoded == [str(files[0])]


def test_size_and_color_of_the_files_are_kept_on_request(files):
    assert LazyImages(files, color="keep").shape == (24, 20, 30)
    assert LazyImages(files, size=9).shape == (24, 9, 9)


KEYS = [
    slice(2, 9, 3),
    slice(None),
    [3, 1, 1, -1],
    np.array([5, 0]),
    LABELS == 1,
    (LABELS == 1).tolist(),
    [],
    np.int8([2]),
    Ellipsis,
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_views_hold_what_indexing_the_array_holds_and_decode_nothing(lazy, decoded, key):
    view = lazy[key]
    assert isinstance(view, LazyImages)
    assert decoded == []
    expected = lazy.load()[np.zeros(0, int) if isinstance(key, list) and not key else key]
    np.testing.assert_array_equal(view.load(), expected)
    assert view.shape == expected.shape


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_rows_are_found_as_scikit_learn_asks_for_them(lazy, key):
    assert lazy[key, ...].paths.tolist() == lazy[key].paths.tolist()


def test_views_of_views_point_to_the_same_strings(lazy):
    view = lazy[4:][[1, 3]]
    assert view.paths.tolist() == [lazy.paths[5], lazy.paths[7]]
    assert view.paths[0] is lazy.paths[5]


@pytest.mark.parametrize("index", [0, -1, np.int64(3)])
def test_an_integer_decodes_one_image(lazy, decoded, index):
    np.testing.assert_array_equal(lazy[index], lazy.load()[index])
    assert decoded[0] == lazy.paths[index]


def test_iterating_decodes_one_image_after_the_other(lazy, decoded):
    np.testing.assert_array_equal(next(iter(lazy)), lazy.load()[0])
    assert len(list(lazy[:3])) == 3


@pytest.mark.parametrize("key", [(0, 1), (slice(None), slice(2)), [[0, 1]], [0.5], "a"], ids=repr)
def test_other_keys_are_refused(lazy, key):
    with pytest.raises(IndexError, match="LazyImages"):
        lazy[key]


@pytest.mark.parametrize("index", [24, -25])
def test_rows_that_are_not_there_are_refused(lazy, index):
    with pytest.raises(IndexError):
        lazy[index]


@pytest.mark.parametrize(
    "function", [np.asarray, np.array, np.mean, lambda x: np.concatenate([x, x])]
)
def test_nothing_turns_it_into_an_array_by_accident(lazy, decoded, function):
    with pytest.raises(TypeError, match=r"Call \.load\(\) to decode it"):
        function(lazy)
    assert decoded == []


def test_it_pickles_as_its_paths(files):
    many = LazyImages(files * 100, size=(8, 8))
    assert len(pickle.dumps(many)) < 100 * len("".join(map(str, files))) + 20 * len(many) + 2000
    view = pickle.dumps(many[:2])
    assert len(view) < 2000
    np.testing.assert_array_equal(pickle.loads(view).load(), many[:2].load())


@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1, None])
def test_threads_do_not_change_the_order(lazy, n_jobs):
    np.testing.assert_array_equal(lazy.load(n_jobs), np.stack(list(lazy)))


def test_it_decodes_in_as_many_threads_as_asked(files, monkeypatch):
    images = LazyImages(files[:3], n_jobs=3)
    meeting, decode = threading.Barrier(3, timeout=20), PngImageFile.load

    def load(picture):
        meeting.wait()
        return decode(picture)

    monkeypatch.setattr(PngImageFile, "load", load)
    assert images.load().shape == (3, 20, 30)


def test_a_worker_process_decodes_in_one_thread_unless_asked(files, monkeypatch):
    images, threads, decode = LazyImages(files), set(), PngImageFile.load

    def load(picture):
        threads.add(threading.current_thread())
        return decode(picture)

    monkeypatch.setattr(PngImageFile, "load", load)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: object())
    images.load()
    assert threads == {threading.main_thread()}
    images.load(2)
    assert threads > {threading.main_thread()}


def test_a_progress_bar_is_shown_on_request(lazy, capsys):
    lazy.load(verbose=1)
    assert "Loading: 100%" in capsys.readouterr().err


@pytest.mark.parametrize("paths", ["a.png", b"a.png"])
def test_one_path_is_not_a_list_of_paths(paths):
    with pytest.raises(TypeError, match="needs a list of paths"):
        LazyImages(paths)


def test_no_path_is_refused():
    with pytest.raises(ValueError, match="paths is empty"):
        LazyImages([])


@pytest.mark.parametrize(
    "option",
    [{"size": (8,)}, {"size": (8, 0)}, {"size": (8.5, 8)}, {"color": "purple"}, {"aspect": "fit"}]
    + [{"interpolation": "cubic"}, {"crop": True}, {"dtype": "float32"}, {"draft": "yes"}],
    ids=str,
)
def test_wrong_options_are_named(files, option):
    with pytest.raises(ValueError, match=f"{next(iter(option))} needs to be"):
        LazyImages(files, **option)


def test_a_file_of_another_size_is_named(files, tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "other.png")
    images = LazyImages([files[0], tmp_path / "other.png"])
    with pytest.raises(
        ImageReadError, match=r"other\.png' is 9x9 .*first image is 20x30.*Set size"
    ):
        images.load()


def test_a_file_of_another_depth_is_named_and_can_be_rescaled(files, tmp_path):
    Image.fromarray(np.full((20, 30), 65535, np.uint16)).save(tmp_path / "deep.png")
    paths = [files[0], tmp_path / "deep.png"]
    with pytest.raises(ImageReadError, match=r'deep\.png.*uint16.*Set dtype="uint8"'):
        LazyImages(paths).load()
    assert LazyImages(paths, dtype="uint8").load()[1].max() == 255
    deep = LazyImages(paths, dtype="uint16").load()
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep[0], np.asarray(Image.open(files[0])) * np.uint16(257))


def test_a_damaged_file_is_named_whatever_thread_meets_it(files, tmp_path):
    (tmp_path / "damaged.png").write_bytes(files[0].read_bytes()[:60])
    images = LazyImages([*files, tmp_path / "damaged.png"])
    for n_jobs in (1, 2):
        with pytest.raises(ImageReadError, match=r"damaged\.png"):
            images.load(n_jobs)


def test_train_test_split_gives_views(lazy, decoded):
    train, test, y_train, y_test = train_test_split(lazy, LABELS, stratify=LABELS, random_state=0)
    assert isinstance(train, LazyImages)
    assert isinstance(test, LazyImages)
    assert sorted([*train.paths, *test.paths]) == lazy.paths.tolist()
    assert (len(y_train), len(y_test)) == (len(train), len(test))
    assert decoded == []


def test_cross_validation_scores_equal_those_of_the_array(lazy, model):
    lazily = cross_val_score(model, lazy, LABELS, cv=3, error_score="raise")
    rows = lazy.load().reshape(24, -1) / 255
    plainly = cross_val_score(LogisticRegression(), rows, LABELS, cv=3, error_score="raise")
    np.testing.assert_array_equal(lazily, plainly)


def test_predictions_stay_in_order(lazy, model):
    order = np.random.RandomState(0).permutation(24)
    in_order = model.fit(lazy, LABELS).predict_proba(lazy)
    np.testing.assert_array_equal(model.predict_proba(lazy[order]), in_order[order])
    assert (cross_val_predict(model, lazy, LABELS, cv=3) == LABELS).all()


def test_grid_search_runs_in_two_processes(lazy, model):
    search = GridSearchCV(model, {"model__C": [0.1, 1]}, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(lazy, LABELS).best_score_ == 1


def test_learning_curves_take_it(lazy, model):
    sizes, _, scores = learning_curve(
        model, lazy, LABELS, cv=2, train_sizes=[0.5, 1.0], error_score="raise"
    )
    assert scores.shape == (2, 2)
    assert sizes.tolist() == [6, 12]

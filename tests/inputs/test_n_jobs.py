"""How many at once: every n_jobs is a count, or None, or is refused before anything is read."""

import inspect

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import skmedimg
from skmedimg import datasets, evaluation, features, search
from skmedimg.cli import main
from tests.datasets.test_dicom_folder import write
from tests.inputs.bad_inputs import BINARY, GRAY, write_files

ROWS = GRAY.reshape(12, -1).astype(float)

# Who takes n_jobs -> a call with it on good input.
CALLS = {
    "LazyImages": lambda at, n: skmedimg.images.LazyImages([at / "gray.png"], n_jobs=n),
    "LazyImages.load": lambda at, n: skmedimg.images.LazyImages([at / "gray.png"]).load(n),
    "ImageLoader": lambda at, n: skmedimg.ImageLoader(8, n_jobs=n).fit([at / "gray.png"]),
    "LBP": lambda at, n: skmedimg.LBP(n_jobs=n).fit(GRAY),
    "Haralick": lambda at, n: skmedimg.Haralick(n_jobs=n).fit(GRAY),
    "IntensityHistogram": lambda at, n: skmedimg.IntensityHistogram(n_jobs=n).fit(GRAY),
    "lbp": lambda at, n: features.lbp(GRAY, n_jobs=n),
    "haralick": lambda at, n: features.haralick(GRAY, n_jobs=n),
    "intensity_histogram": lambda at, n: features.intensity_histogram(GRAY, n_jobs=n),
    "load_image_folder": lambda at, n: skmedimg.load_image_folder(at / "classes", n_jobs=n),
    "load_image_table": lambda at, n: skmedimg.load_image_table(at / "table.csv", n_jobs=n),
    "load_dicom_folder": lambda at, n: datasets.load_dicom_folder(at / "export", n_jobs=n),
    "audit": lambda at, n: skmedimg.audit(GRAY, BINARY, probes=False, n_jobs=n),
    "compare": lambda at, n: skmedimg.compare(
        GaussianNB(), ROWS, BINARY, cv=2, n_jobs=n, random_state=0, verbose=0, repeats=1
    ),
    "learning_curve": lambda at, n: evaluation.learning_curve(
        GaussianNB(), ROWS, BINARY, train_sizes=[0.5, 1.0], cv=2, repeats=1, n_jobs=n, verbose=0
    ),
    "ThresholdAt": lambda at, n: evaluation.ThresholdAt(GaussianNB(), cost=1.0, cv=2, n_jobs=n).fit(
        ROWS, BINARY
    ),
    "FoldEnsemble": lambda at, n: evaluation.FoldEnsemble(GaussianNB(), cv=2, n_jobs=n).fit(
        ROWS, BINARY
    ),
    "ConformalClassifier": lambda at, n: evaluation.ConformalClassifier(
        GaussianNB(), 0.5, cv=2, n_jobs=n
    ).fit(ROWS, BINARY),
    "OptunaSearch": lambda at, n: search.OptunaSearch(
        GaussianNB(), {"var_smoothing": [1e-9]}, n_trials=1, cv=2, n_jobs=n
    ).fit(ROWS, BINARY),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("n_jobs")
    write_files(folder)
    write(folder / "export" / "scan.dcm")
    return folder


def takers():
    """Names of all that is public and takes n_jobs, methods with their class."""
    exported = [getattr(skmedimg, name) for name in skmedimg.__all__]
    modules = [each for each in exported if inspect.ismodule(each)]
    public = {name: getattr(module, name) for module in modules for name in module.__all__}
    for name, each in public.items():
        methods = vars(each).items() if isinstance(each, type) else ()
        called = [(name, each), *((f"{name}.{method}", call) for method, call in methods)]
        for full, call in called:
            private = full.partition(".")[2].startswith("_")
            error = isinstance(call, type) and issubclass(call, Exception)  # has no signature
            if callable(call) and not private and not error:
                yield from [full] if "n_jobs" in inspect.signature(call).parameters else []


def test_all_that_take_it_are_tested():
    assert sorted(takers()) == sorted(CALLS)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True, np.nan, [1]], ids=repr)
@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_count_is_refused_with_the_way_out(folder, name, n_jobs):
    with pytest.raises(ValueError, match="'n_jobs' parameter of ") as caught:
        CALLS[name](folder, n_jobs)
    assert f"of {name.partition('.')[0]}" in str(caught.value)
    assert "an int other than 0" in str(caught.value)
    assert "-1 is one per core" in str(caught.value)
    assert f"Got {n_jobs!r}" in str(caught.value)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No inverse power law")  # of two sizes
@pytest.mark.parametrize("n_jobs", [None, 1, -1, np.int64(1)], ids=repr)
@pytest.mark.parametrize("name", [name for name in CALLS if name != "OptunaSearch"])
def test_counts_and_none_are_taken(folder, name, n_jobs):
    CALLS[name](folder, n_jobs)


def test_files_are_not_touched_before_it_is_refused():
    with pytest.raises(ValueError, match="n_jobs"):
        skmedimg.images.LazyImages(["nowhere.png"], n_jobs=0)
    with pytest.raises(ValueError, match="n_jobs"):
        skmedimg.audit(["nowhere.png"], n_jobs=0)
    with pytest.raises(ValueError, match="n_jobs"):
        skmedimg.compare(GaussianNB(), ["nowhere.png"] * 4, [0, 1, 0, 1], n_jobs=0, repeats=1)


@pytest.mark.parametrize("command", ["compare", "audit"])
@pytest.mark.parametrize("jobs", ["0", "1.5", "all"])
def test_the_command_line_refuses_it_as_a_wrong_command(capsys, command, jobs):
    with pytest.raises(SystemExit) as ended:
        main([command, "nowhere", "--jobs", jobs])
    assert ended.value.code == 2
    assert f"--jobs: needs an int other than 0 (-1 is one per core), got '{jobs}'" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("n_jobs", [3, -1, -10_000, None])
def test_images_are_read_in_as_many_threads_as_there_are_cores_and_more(folder, n_jobs):
    stack = skmedimg.images.LazyImages([folder / "gray.png"] * 3, n_jobs=n_jobs)
    np.testing.assert_array_equal(stack.load(), stack.load(1))

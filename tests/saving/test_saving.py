"""What is saved comes back to the bit, whatever it is made of; what cannot is refused by name."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from optuna.distributions import FloatDistribution
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from torch import nn

import skmedimg
from skmedimg import (
    HOG,
    LBP,
    Augmenter,
    BackboneFeatures,
    CleanMasks,
    ConformalClassifier,
    CropForeground,
    FoldEnsemble,
    Haralick,
    ImageLoader,
    InputGuard,
    IntensityHistogram,
    OptunaSearch,
    PatientAggregator,
    Pipeline,
    Resample,
    ScratchCNN,
    ShallowMLP,
    ThresholdAt,
    TransferClassifier,
    UNetSegmenter,
)
from skmedimg.saving import load, save
from skmedimg.transfer import FeatureStore

QUICK = {"max_epochs": 2, "random_state": 0}
SQUEEZENET = {"backbone": "squeezenet1_1", "weights": None, "random_state": 0}


def small_mlp():
    return ShallowMLP((4,), **QUICK)


OURS = {
    "Augmenter": lambda: Augmenter(rotation=10, flip="horizontal", random_state=0),
    "BackboneFeatures": lambda: BackboneFeatures(**SQUEEZENET),
    "CleanMasks": lambda: CleanMasks(),
    "ConformalClassifier": lambda: ConformalClassifier(small_mlp(), cv=2, random_state=0),
    "CropForeground": lambda: CropForeground((24, 24)),
    "FoldEnsemble": lambda: FoldEnsemble(small_mlp(), cv=2, random_state=0),
    "HOG": lambda: HOG(),
    "Haralick": lambda: Haralick(),
    "ImageLoader": lambda: ImageLoader((24, 24)),
    "InputGuard": lambda: InputGuard(HOG(), n_neighbors=2),
    "IntensityHistogram": lambda: IntensityHistogram(),
    "LBP": lambda: LBP(),
    "OptunaSearch": lambda: OptunaSearch(
        {"linear": Pipeline([HOG(), LogisticRegression()]), "net": small_mlp()},
        {"linear": {"logisticregression__C": FloatDistribution(0.1, 10, log=True)},
         "net": {"hidden_units": [(3,), (4, 5)]}},
        n_trials=3, cv=StratifiedKFold(2), random_state=0,
    ),
    "PatientAggregator": lambda: PatientAggregator(small_mlp(), how="max", pos_label="yes"),
    "Pipeline": lambda: Pipeline([HOG(), StandardScaler(), small_mlp()]),
    "Resample": lambda: Pipeline([Resample(RandomOverSampler(random_state=0)), small_mlp()]),
    "ScratchCNN": lambda: ScratchCNN((4, 8), norm="batch", early_stopping=True, **QUICK),
    "ShallowMLP": small_mlp,
    "ThresholdAt": lambda: ThresholdAt(
        small_mlp(), sensitivity=0.9, pos_label="yes", ensemble=True,
        cv=StratifiedKFold(2, shuffle=True, random_state=0),
    ),
    "TransferClassifier": lambda: TransferClassifier(
        trainable_layers=2, cache=FeatureStore(memory=1 << 20), **SQUEEZENET, max_epochs=1
    ),
    "UNetSegmenter": lambda: UNetSegmenter(
        (4, 8), threshold="tune", early_stopping=True, postprocess=CleanMasks(), **QUICK
    ),
}  # fmt: skip

THEIRS = {
    "linear": lambda: make_pipeline(HOG(), PCA(5, random_state=0), LogisticRegression()),
    "union": lambda: make_pipeline(make_union(HOG(), LBP()), LogisticRegression()),
    "bayes": lambda: make_pipeline(HOG(), GaussianNB()),
    "svm": lambda: make_pipeline(HOG(), SVC(random_state=0)),
    "forest": lambda: make_pipeline(HOG(), RandomForestClassifier(3, random_state=0)),
    "extra trees": lambda: make_pipeline(HOG(), ExtraTreesClassifier(3, random_state=0)),
    "calibrated": lambda: CalibratedClassifierCV(small_mlp(), cv=2),
    "isotonic": lambda: CalibratedClassifierCV(small_mlp(), method="isotonic", cv=2),
    "one versus rest": lambda: OneVsRestClassifier(make_pipeline(HOG(), LogisticRegression())),
    "votes": lambda: VotingClassifier([("a", small_mlp()), ("b", small_mlp())], voting="soft"),
    "stack": lambda: StackingClassifier([("a", small_mlp())], cv=2),
    "neighbors": lambda: make_pipeline(HOG(), KNeighborsClassifier(3, algorithm="brute")),
    "k-d tree": lambda: make_pipeline(HOG(), PCA(3), KNeighborsClassifier(3, algorithm="kd_tree")),
    "selection": lambda: make_pipeline(HOG(), SelectKBest(f_classif, k=9), GaussianNB()),
    "grid": lambda: GridSearchCV(
        small_mlp(),
        {"hidden_units": [(2,), (4,)]},
        cv=2,
        scoring=["roc_auc", "f1_macro"],
        refit="roc_auc",
    ),
    "grid of theirs": lambda: GridSearchCV(
        make_pipeline(HOG(), LogisticRegression()), {"logisticregression__C": [1, 2]}, cv=2
    ),
    "bagging": lambda: make_pipeline(HOG(), BaggingClassifier(small_mlp(), 2, random_state=0)),
    "boosting": lambda: make_pipeline(HOG(), AdaBoostClassifier(n_estimators=2, random_state=0)),
    "sparse": lambda: make_pipeline(
        HOG(), OneHotEncoder(handle_unknown="ignore"), SVC(random_state=0)
    ),
    "descent": lambda: make_pipeline(HOG(), SGDClassifier(loss="log_loss", random_state=0)),
    "their net": lambda: make_pipeline(HOG(), MLPClassifier((4,), tol=1, random_state=0)),
}


def public_estimators():
    found = {name: getattr(skmedimg, name) for name in skmedimg.__all__}
    return {n for n, e in found.items() if inspect.isclass(e) and issubclass(e, BaseEstimator)}


def answer(model, images):
    """Return what a model says of images, by the most telling of its methods."""
    methods = (
        "predict_proba",
        "decision_function",
        "predict",
        "transform",
        "fit_resample",
        "distances",
    )
    method = next(name for name in methods if hasattr(model, name))
    if method == "fit_resample":
        return model.fit_resample(images, np.arange(len(images)) % 2)[0]
    return getattr(model, method)(images)


def fitted(model, data, labels=("no", "yes")):
    if isinstance(model, (Augmenter, CleanMasks)):
        return model
    if isinstance(model, UNetSegmenter):
        return model.fit(data.images, data.masks)
    return model.fit(data.images, np.array(labels)[data.target])


def test_every_public_estimator_stands_in_the_table():
    assert public_estimators() == {*OURS}


@pytest.mark.parametrize("name", OURS)
def test_an_estimator_of_ours_comes_back_to_the_bit(name, lesions, tmp_path):
    model = fitted(OURS[name](), lesions)
    again = load(save(model, tmp_path / "m"))
    assert type(again) is type(model)
    X = lesions.masks if name == "CleanMasks" else lesions.images
    np.testing.assert_array_equal(answer(again, X), answer(model, X))


@pytest.mark.parametrize("name", OURS)
def test_an_estimator_that_is_not_fitted_comes_back_with_its_parameters(name, tmp_path):
    model = OURS[name]()
    again = load(save(model, tmp_path / "m"))
    expected = {key: str(value) for key, value in model.get_params(deep=False).items()}
    assert {key: str(value) for key, value in again.get_params(deep=False).items()} == expected


@pytest.mark.parametrize("name", THEIRS)
def test_a_model_of_scikit_learn_comes_back_to_the_bit(name, lesions, tmp_path):
    model = fitted(THEIRS[name](), lesions)
    again = load(save(model, tmp_path / "m"))
    np.testing.assert_array_equal(answer(again, lesions.images), answer(model, lesions.images))
    np.testing.assert_array_equal(again.predict(lesions.images), model.predict(lesions.images))
    assert repr(again) == repr(model)


@pytest.mark.parametrize("ensemble", [False, True])
def test_a_threshold_comes_back_with_what_it_knows_of_its_patients(ensemble, lesions, tmp_path):
    held = ThresholdAt(
        make_pipeline(HOG(), GaussianNB()), sensitivity=0.8, pos_label="yes", ensemble=ensemble
    )
    model = fitted(held, lesions)
    again = load(save(model, tmp_path / "m"))
    assert again.describe() == model.describe()
    assert again.plan().equals(model.plan())
    X = lesions.images
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"], [False, True], [3.0, 5.0]])
def test_labels_of_every_kind_come_back(labels, lesions, tmp_path):
    model = fitted(small_mlp(), lesions, labels)
    again = load(save(model, tmp_path / "m"))
    assert again.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(again.predict(lesions.images), model.predict(lesions.images))


@pytest.mark.parametrize("name", ["ShallowMLP", "ScratchCNN", "TransferClassifier"])
def test_a_model_that_came_back_learns_on_as_if_it_had_stayed(name, lesions, tmp_path):
    model = OURS[name]().set_params(warm_start=True)
    model.fit(lesions.images, lesions.target)
    again = load(save(model, tmp_path / "m"))
    for each in (model, again):
        each.fit(lesions.images, lesions.target)
    expected = model.predict_proba(lesions.images)
    np.testing.assert_array_equal(again.predict_proba(lesions.images), expected)
    assert again.history_ == model.history_


def test_a_search_comes_back_with_all_its_trials(lesions, tmp_path):
    search = fitted(OURS["OptunaSearch"](), lesions)
    again = load(save(search, tmp_path / "m"))
    assert again.study_.trials == search.study_.trials
    labels = np.array(["no", "yes"])[lesions.target]
    assert again.score(lesions.images, labels) == search.score(lesions.images, labels)
    for column, values in search.cv_results_.items():
        assert repr(again.cv_results_[column]) == repr(values)


def test_a_model_trained_on_a_gpu_loads_where_there_is_none(lesions, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    model = fitted(small_mlp(), lesions).set_params(device="cuda:3")
    path = save(model, tmp_path / "m")
    with pytest.warns(UserWarning, match="'cuda:3' is not available here: ShallowMLP was loaded"):
        again = load(path)
    assert again.device == "cuda:3"
    np.testing.assert_array_equal(answer(again, lesions.images), answer(model, lesions.images))


def test_a_pipeline_from_files_predicts_files(lesions, tmp_path):
    from PIL import Image

    paths = [str(tmp_path / f"{row}.png") for row in range(24)]
    for path, image in zip(paths, lesions.images, strict=True):
        Image.fromarray(image).save(path)
    model = Pipeline([ImageLoader((24, 24)), HOG(), LogisticRegression()])
    model.fit(paths, lesions.target)
    again = load(save(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(paths), model.predict_proba(paths))


def test_settings_of_every_kind_come_back(tmp_path):
    model = ShallowMLP(
        class_weight={0: 1.5, "a": np.float32(2)}, learning_rate=float("inf"), image_shape=(4, -1),
        random_state=np.random.RandomState(7),
    )  # fmt: skip
    again = load(save(model, tmp_path / "m"))
    assert again.get_params().keys() == model.get_params().keys()
    assert again.class_weight == model.class_weight
    assert isinstance(again.class_weight["a"], np.float32)
    assert again.learning_rate == float("inf")
    assert again.image_shape == (4, -1)
    assert again.random_state.randint(99, size=5).tolist() == (
        np.random.RandomState(7).randint(99, size=5).tolist()
    )


ARRAYS = [
    np.arange(6.0).reshape(2, 3).T, np.asfortranarray(np.ones((2, 3, 4), ">i2")),
    np.array([1 + 2j, 3]), np.array(["a", "béta"]), np.array([b"x", b"yz"]),
    np.array(["2020-01-02"], "M8[D]"), np.array([3], "m8[s]"), np.array([], "U3"),
    np.zeros((0, 3), np.float16), np.array(5, np.uint64), np.array([True]),
    np.array([None, "a", 1], object), np.ma.MaskedArray([1, 2], [True, False]),
]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype} {array.shape}")
def test_arrays_of_every_kind_come_back_and_can_be_written_to(array, tmp_path):
    model = LogisticRegression()
    model.kept_ = array
    again = load(save(model, tmp_path / "m")).kept_
    np.testing.assert_array_equal(again, array)
    assert type(again) is type(array)
    assert again.dtype == array.dtype.newbyteorder("=")
    assert again.flags.f_contiguous == array.flags.f_contiguous
    assert again.flags.writeable


def test_a_folder_of_pickles_is_not_saved_with_a_pipeline(tmp_path):
    model = Pipeline([HOG(), LogisticRegression()], memory=str(tmp_path / "cache"))
    assert load(save(model, tmp_path / "m")).memory is None


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (HistGradientBoostingClassifier(max_iter=1).fit([[0.0], [1.0]] * 20, [0, 1] * 20),
         r"model is a sklearn.*HistGradientBoosting"),
        (make_pipeline(FunctionTransformer(print)), r"model\.steps\[0\]\[1\]\.func is a builtins"),
        (ShallowMLP(callbacks=[print]), r"model\.callbacks\[0\] is a builtins.*function"),
        (TransferClassifier(nn.Conv2d(1, 2, 3)), r"model\.backbone is a torch.*Conv2d"),
        (UNetSegmenter(postprocess=np.flip), r"model\.postprocess is a numpy"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_safely_is_named(model, where, tmp_path):
    with pytest.raises(TypeError, match=where):
        save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_the_same_name_is_not_taken_for_ours(tmp_path):
    imposter = type("ShallowMLP", (ShallowMLP,), {"__module__": "elsewhere"})
    with pytest.raises(TypeError, match=r"model is a elsewhere.ShallowMLP"):
        save(imposter(), tmp_path / "m")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder '.*nowhere'"):
        save(ShallowMLP(), tmp_path / "nowhere" / "m")


def test_an_interrupted_save_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = save(LogisticRegression(C=1), tmp_path / "m")

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(LogisticRegression(C=2), path)
    assert [each.name for each in tmp_path.iterdir()] == ["m"]
    assert load(path).C == 1


def test_the_same_model_makes_the_same_bytes(lesions, tmp_path):
    model = fitted(small_mlp(), lesions)
    paths = [save(model, tmp_path / name) for name in "ab"]
    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second

"""A model file names no place to write to, and tells nothing of the folders it was saved from."""

import inspect
import json
import re
import zipfile

import numpy as np
import pytest
import torch
from joblib import Memory
from optuna.distributions import CategoricalDistribution
from sklearn.base import BaseEstimator
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skmedimg
from skmedimg import HOG, BackboneFeatures, OptunaSearch, Pipeline, TransferClassifier
from skmedimg.networks import build_backbone
from skmedimg.saving import load, save
from skmedimg.transfer import FeatureStore
from tests.saving._signed import read_members, write_signed

# Parameters that name a place to write to, and what they are reset to; those that name a file.
WRITTEN = {"cache": "auto", "memory": None, "storage": None}
READ = ("weights",)

SQUEEZENET = {"weights": None, "random_state": 0}
TRANSFER = {**SQUEEZENET, "max_epochs": 1, "cache": None}


def features(**params):
    return BackboneFeatures("squeezenet1_1", **{**SQUEEZENET, **params})


def resealed(path, change):
    """Change the settings of a saved model, with a digest that fits: who writes a file has one."""
    manifest, members = read_members(path)
    settings = {key: manifest[key] for key in ("skmedimg", "sklearn", "model")}
    change(settings["model"])
    write_signed(path, settings, members)
    return path


def hostile(path, name, value):
    """Set a parameter of the name wherever a saved model has one, however deep."""
    found = []

    def change(node):
        if isinstance(node, dict):
            for key in node:
                if key == "state" and name in node[key]:
                    found.append(key)
                    node[key][name] = value
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                change(each)

    resealed(path, change)
    assert found
    return path


# Every parameter that could be a path --------------------------------------------------------

PATH_LIKE = re.compile(
    "path|dir|folder|file|cache|memory|stor|checkpoint|weights|log(?!ic)|temp|tmp|export|dump|save"
)
NO_PATHS = {"reuse_memory"}


def test_every_parameter_that_may_name_a_path_is_reset_or_only_read():
    kinds = [getattr(skmedimg, name) for name in skmedimg.__all__]
    kinds = [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseEstimator)]
    named = {name for kind in kinds for name in inspect.signature(kind).parameters}
    assert {name for name in named if PATH_LIKE.search(name)} == {*WRITTEN, *READ} | NO_PATHS
    for kind in kinds:
        for name, parameter in inspect.signature(kind).parameters.items():
            if name in WRITTEN:
                assert parameter.default == WRITTEN[name]


# Files from strangers ------------------------------------------------------------------------

PLACES = {
    "a path": lambda place: str(place),
    "a store": lambda place: {"store": [str(place), 0, 1]},
    "a tuple": lambda place: {"tuple": [str(place)]},
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_file_cannot_make_or_delete_files_by_its_cache(kind, lesions, tmp_path):
    theirs, place = tmp_path / "theirs", tmp_path / "theirs" / "sub"
    place.mkdir(parents=True)
    (place / "thesis.part").write_text("years of work")
    model = features().fit(lesions.images)
    path = hostile(save(model, tmp_path / "m"), "cache", PLACES[kind](theirs))
    with pytest.warns(UserWarning, match=r"BackboneFeatures\.cache\. .*set_params\(cache=\.\.\.\)"):
        again = load(path)
    assert again.cache == "auto"
    np.testing.assert_array_equal(again.transform(lesions.images), model.transform(lesions.images))
    assert [each.name for each in theirs.rglob("*")] == ["sub", "thesis.part"]


def test_parameters_are_reset_wherever_they_are_and_named_in_one_warning(lesions, tmp_path):
    inner = Pipeline([features(), LogisticRegression()])
    model = VotingClassifier([("a", inner), ("b", OptunaSearch(inner, {}))])
    path = save(model, tmp_path / "m")
    for name in WRITTEN:
        hostile(path, name, str(tmp_path / "evil"))
    with pytest.warns(UserWarning, match="were reset") as caught:
        again = load(path)
    [message] = [str(each.message) for each in caught]
    for words in (
        "BackboneFeatures.cache, OptunaSearch.storage, Pipeline.memory.", "a__memory=...",
        "b__storage=...", "a__backbonefeatures__cache=...", "b__estimators__memory=...",
    ):  # fmt: skip
        assert words in message
    params = again.get_params()
    assert {params[name] for name in params if name.endswith(("memory", "storage"))} == {None}
    assert {params[name] for name in params if name.endswith("cache")} == {"auto"}


def test_the_choices_of_a_search_and_its_trials_are_reset(lesions, tmp_path):
    evil = str(tmp_path / "evil")
    space = {"backbonefeatures__cache": [None, evil], "logisticregression__C": [1, 2]}
    model = Pipeline([features(pooling="avg"), LogisticRegression()])
    search = OptunaSearch(model, space, n_trials=2, cv=2, random_state=0)
    path = save(search.fit(lesions.images, lesions.target), tmp_path / "m")
    with zipfile.ZipFile(path) as file:
        assert evil.encode() not in b"".join(map(file.read, file.namelist()))

    def change(node):
        text = json.dumps(node).replace('"auto"', json.dumps(evil))
        node |= json.loads(text)

    with pytest.warns(UserWarning, match=r"backbonefeatures__cache'"):
        again = load(resealed(path, change))
    assert again.spaces["backbonefeatures__cache"] == [None, "auto"]
    assert evil not in repr([vars(trial) for trial in again.study_.trials])
    assert evil not in repr(again.best_params_)
    kinds = [trial.distributions.values() for trial in again.study_.trials]
    assert all(isinstance(k, CategoricalDistribution) for each in kinds for k in each)


def test_what_an_estimator_of_theirs_holds_is_reset_too(lesions, tmp_path):
    evil = str(tmp_path / "evil")
    inner = make_pipeline(features(cache=evil), LogisticRegression(), memory=evil)
    model = GridSearchCV(BaggingClassifier(inner), {"estimator__memory": [evil, None]})
    path = save(model, tmp_path / "m")
    assert (inner.memory, inner[0].cache) == (evil, evil)  # the model at hand stays as it is
    with zipfile.ZipFile(path) as file:
        assert evil.encode() not in b"".join(map(file.read, file.namelist()))

    def change(node):
        text = json.dumps(node)
        for harmless in ('"memory": null', '"cache": "auto"', '{"list": [null'):
            assert harmless in text
            text = text.replace(harmless, re.sub('null|"auto"', json.dumps(evil), harmless))
        node |= json.loads(text)

    words = r"'estimator__memory', BackboneFeatures\.cache, Pipeline\.memory\."
    with pytest.warns(UserWarning, match=words):
        again = load(resealed(path, change))
    assert again.param_grid == {"estimator__memory": [None, None]}
    assert evil not in repr(again)


# Saving --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("ann") / "secret study" / "weights of the study.pth"
    path.parent.mkdir()
    torch.save(build_backbone("squeezenet1_1", init_weights=True).network.state_dict(), path)
    return path


def test_a_saved_model_tells_no_folder_and_loads_without_a_warning(
    lesions, weights, tmp_path, recwarn
):
    store = FeatureStore(tmp_path / "secret store")
    transfer = TransferClassifier(
        "squeezenet1_1", **{**TRANSFER, "weights": str(weights), "cache": store}
    )
    models = [
        transfer.fit(lesions.images, lesions.target),
        Pipeline(
            [features(weights=weights, cache=str(tmp_path / "secret")), LogisticRegression()],
            memory=Memory(tmp_path / "secret memory", verbose=0),
        ).fit(lesions.images, lesions.target),
        OptunaSearch(HOG(), {"weights": [str(weights)]}, storage=f"journal:{tmp_path}/secret.log"),
    ]
    recwarn.clear()
    for model in models:
        path = save(model, tmp_path / "m")
        with zipfile.ZipFile(path) as file:
            content = b"".join(map(file.read, file.namelist()))
        assert b"secret" not in content
        assert str(tmp_path).encode() not in content
        again = load(path)
        if hasattr(model, "classes_"):
            np.testing.assert_array_equal(
                again.predict_proba(lesions.images), model.predict_proba(lesions.images)
            )
    assert not [str(each.message) for each in recwarn]


def test_a_loaded_model_is_fitted_again_once_its_weights_are_set(lesions, weights, tmp_path):
    model = TransferClassifier("squeezenet1_1", **{**TRANSFER, "weights": str(weights)})
    model.fit(lesions.images, lesions.target)
    again = load(save(model, tmp_path / "m"))
    assert again.weights == weights.name
    with pytest.raises(FileNotFoundError, match=weights.name):
        again.fit(lesions.images, lesions.target)
    again.set_params(weights=weights).fit(lesions.images, lesions.target)
    np.testing.assert_array_equal(
        again.predict_proba(lesions.images), model.predict_proba(lesions.images)
    )

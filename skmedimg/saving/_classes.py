"""The classes a saved model may be made of, each known by its name."""

from importlib import import_module

from sklearn.base import BaseEstimator

# Public modules that hold estimators: a class is saved as `skmedimg.neural.ShallowMLP`.
_OWN = (
    *("skmedimg.evaluation", "skmedimg.features", "skmedimg.images", "skmedimg.neural"),
    *("skmedimg.pipeline", "skmedimg.search", "skmedimg.transfer"),
)

# Estimators of ours that are not public: recipes are made of them.
_PRIVATE = {"skmedimg.recipes._degenerate_output": ("DegenerateOutputCNN",)}

# Foreign classes whose state is numbers and arrays: they do nothing when they are made of them.
_FOREIGN = {
    "imblearn.over_sampling": ("RandomOverSampler", "SMOTE"),
    "imblearn.pipeline": ("Pipeline",),
    "imblearn.under_sampling": ("RandomUnderSampler",),
    "optuna.distributions": ("CategoricalDistribution", "FloatDistribution", "IntDistribution"),
    "optuna.pruners": ("MedianPruner", "NopPruner", "PercentilePruner", "SuccessiveHalvingPruner"),
    "optuna.trial": ("FrozenTrial",),
    "sklearn.calibration": (
        "CalibratedClassifierCV", "_CalibratedClassifier", "_SigmoidCalibration",
    ),
    "sklearn.decomposition": ("PCA", "TruncatedSVD"),
    "sklearn.discriminant_analysis": ("LinearDiscriminantAnalysis",),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.ensemble": (
        "ExtraTreesClassifier", "RandomForestClassifier", "StackingClassifier", "VotingClassifier",
    ),
    "sklearn.feature_selection": ("VarianceThreshold",),
    "sklearn.frozen": ("FrozenEstimator",),
    "sklearn.isotonic": ("IsotonicRegression",),
    "sklearn.linear_model": ("LogisticRegression", "RidgeClassifier"),
    "sklearn.model_selection": (
        "GroupKFold", "GroupShuffleSplit", "KFold", "ShuffleSplit", "StratifiedGroupKFold",
        "StratifiedKFold", "StratifiedShuffleSplit",
    ),
    "sklearn.multiclass": ("OneVsRestClassifier",),
    "sklearn.naive_bayes": ("GaussianNB",),
    "sklearn.pipeline": ("Pipeline", "FeatureUnion"),
    "sklearn.preprocessing": (
        "LabelBinarizer", "LabelEncoder", "MaxAbsScaler", "MinMaxScaler", "Normalizer",
        "PowerTransformer", "QuantileTransformer", "RobustScaler", "StandardScaler",
    ),
    "sklearn.svm": ("LinearSVC", "SVC"),
    "sklearn.tree": ("DecisionTreeClassifier", "ExtraTreeClassifier"),
}  # fmt: skip


def name_of(kind):
    """Return the name a class is saved under.

    Parameters
    ----------
    kind : type

    Returns
    -------
    name : str or None
        None where it is not among the classes that are saved.
    """
    names = [f"{room}.{kind.__name__}" for room in (*_OWN, *_PRIVATE, *_FOREIGN)]
    return next((name for name in names if _find(name) is kind), None)


def class_of(name):
    """Return the class that a saved model asks for.

    Parameters
    ----------
    name : str

    Returns
    -------
    kind : type
    """
    found = _find(name)
    if found is None:
        raise ValueError(f"the file asks for {name!r}, which is not among the classes that load.")
    return found


def own_classes():
    """Return the estimators of this package.

    Returns
    -------
    classes : list of type
    """
    names = [f"{room}.{name}" for room in _OWN for name in import_module(room).__all__]
    names += [f"{room}.{name}" for room, listed in _PRIVATE.items() for name in listed]
    return [kind for kind in map(_find, names) if kind is not None]


def _find(name):
    room, _, last = name.rpartition(".")
    if room in _OWN and last in import_module(room).__all__:
        found = getattr(import_module(room), last)
        return found if isinstance(found, type) and issubclass(found, BaseEstimator) else None
    listed = _PRIVATE.get(room, ()) + _FOREIGN.get(room, ())
    return getattr(import_module(room), last) if last in listed else None

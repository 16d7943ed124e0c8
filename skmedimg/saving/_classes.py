"""The classes a saved model may be made of, each known by its name."""

from importlib import import_module

import numpy as np
from sklearn.base import BaseEstimator

# Public modules that hold estimators: a class is saved as `skmedimg.neural.ShallowMLP`.
_OWN = (
    *("skmedimg.evaluation", "skmedimg.features", "skmedimg.images", "skmedimg.neural"),
    *("skmedimg.pipeline", "skmedimg.search", "skmedimg.transfer"),
)

# Classes of other libraries that consist of numbers, arrays and parts of these. Each was reviewed:
# where compiled code follows its numbers unchecked, _check_loaded.py checks them, or the class is
# not here (gradient boosting, HDBSCAN, Birch, BisectingKMeans, KernelDensity, SplineTransformer).
# Neither are those that hold functions (Gaussian processes, TunedThresholdClassifierCV), nor those
# that only fit (TSNE, DBSCAN).
_LISTED = {
    "imblearn.over_sampling": "RandomOverSampler SMOTE",
    "imblearn.pipeline": "Pipeline",
    "imblearn.under_sampling": "RandomUnderSampler",
    "optuna.distributions": "CategoricalDistribution FloatDistribution IntDistribution",
    "optuna.pruners": "MedianPruner NopPruner PercentilePruner SuccessiveHalvingPruner",
    "optuna.trial": "FrozenTrial",
    "skmedimg.recipes._degenerate_output": "DegenerateOutputCNN",  # recipes are made of it
    "sklearn.calibration": (
        "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration _TemperatureScaling"
    ),
    "sklearn.cluster": "AffinityPropagation FeatureAgglomeration KMeans MeanShift MiniBatchKMeans",
    "sklearn.compose": "ColumnTransformer TransformedTargetRegressor",
    "sklearn.covariance": (
        "EllipticEnvelope EmpiricalCovariance GraphicalLasso GraphicalLassoCV LedoitWolf "
        "MinCovDet OAS ShrunkCovariance"
    ),
    "sklearn.cross_decomposition": "CCA PLSCanonical PLSRegression PLSSVD",
    "sklearn.decomposition": (
        "DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA "
        "LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA "
        "NMF PCA SparseCoder SparsePCA TruncatedSVD"
    ),
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble": (
        "AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor "
        "ExtraTreesClassifier ExtraTreesRegressor IsolationForest RandomForestClassifier "
        "RandomForestRegressor RandomTreesEmbedding StackingClassifier StackingRegressor "
        "VotingClassifier VotingRegressor"
    ),
    "sklearn.feature_extraction": "DictVectorizer FeatureHasher",
    "sklearn.feature_extraction.image": "PatchExtractor",
    "sklearn.feature_extraction.text": (
        "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer"
    ),
    "sklearn.feature_selection": (
        "GenericUnivariateSelect RFE RFECV SelectFdr SelectFpr SelectFromModel SelectFwe "
        "SelectKBest SelectPercentile SequentialFeatureSelector VarianceThreshold"
    ),
    "sklearn.frozen": "FrozenEstimator",
    "sklearn.impute": "KNNImputer MissingIndicator SimpleImputer",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.kernel_approximation": (
        "AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler SkewedChi2Sampler"
    ),
    "sklearn.kernel_ridge": "KernelRidge",
    "sklearn.linear_model": (
        "ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor Lars "
        "LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression "
        "LogisticRegression LogisticRegressionCV MultiTaskElasticNet MultiTaskElasticNetCV "
        "MultiTaskLasso MultiTaskLassoCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV "
        "PassiveAggressiveClassifier PassiveAggressiveRegressor Perceptron PoissonRegressor "
        "QuantileRegressor RANSACRegressor Ridge RidgeCV RidgeClassifier RidgeClassifierCV "
        "SGDClassifier SGDOneClassSVM SGDRegressor TheilSenRegressor TweedieRegressor"
    ),
    "sklearn.manifold": "Isomap LocallyLinearEmbedding",
    "sklearn.metrics._scorer": "_MultimetricScorer _PassthroughScorer _Scorer",
    "sklearn.mixture": "BayesianGaussianMixture GaussianMixture",
    "sklearn.model_selection": (
        "FixedThresholdClassifier GridSearchCV GroupKFold GroupShuffleSplit KFold "
        "LeaveOneGroupOut LeaveOneOut RandomizedSearchCV RepeatedKFold RepeatedStratifiedKFold "
        "ShuffleSplit StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit"
    ),
    "sklearn.multiclass": (
        "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor"
    ),
    "sklearn.multioutput": (
        "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain"
    ),
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors": (
        "KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer LocalOutlierFactor "
        "NearestCentroid NearestNeighbors NeighborhoodComponentsAnalysis "
        "RadiusNeighborsClassifier RadiusNeighborsRegressor RadiusNeighborsTransformer"
    ),
    "sklearn.neural_network": "BernoulliRBM MLPClassifier MLPRegressor",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing": (
        "Binarizer FunctionTransformer KBinsDiscretizer KernelCenterer LabelBinarizer "
        "LabelEncoder MaxAbsScaler MinMaxScaler MultiLabelBinarizer Normalizer OneHotEncoder "
        "OrdinalEncoder PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler "
        "StandardScaler TargetEncoder"
    ),
    "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
    "sklearn.semi_supervised": "LabelPropagation LabelSpreading SelfTrainingClassifier",
    "sklearn.svm": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "sklearn.tree": (
        "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor"
    ),
}

# Functions by which scikit-learn's own estimators refer to how they score.
_FUNCTIONS = {
    "numpy": "mean",
    "sklearn.feature_selection": "chi2 f_classif f_regression r_regression",
    "sklearn.metrics": (
        "accuracy_score average_precision_score balanced_accuracy_score brier_score_loss "
        "cohen_kappa_score f1_score fbeta_score jaccard_score log_loss matthews_corrcoef "
        "mean_absolute_error mean_squared_error precision_score r2_score recall_score "
        "roc_auc_score top_k_accuracy_score"
    ),
}

# Types that are values of a `dtype` parameter.
_TYPES = {
    "bool": bool,
    "float": float,
    "int": int,
    "object": object,
    "str": str,
    "numpy.float32": np.float32,
    "numpy.float64": np.float64,
    "numpy.int32": np.int32,
    "numpy.int64": np.int64,
}


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
    names = [f"{package}.{kind.__name__}" for package in (*_OWN, *_LISTED)]
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


def name_of_value(value):
    """Return the name of a function or type that is saved by name, or None."""
    names = (f"{package}.{name}" for package in _FUNCTIONS for name in _FUNCTIONS[package].split())
    known = {**_TYPES, **{name: _function(name) for name in names}} if callable(value) else {}
    return next((name for name, found in known.items() if found is value), None)


def value_of(name):
    """Return the function or type that a saved model asks for."""
    found = _TYPES.get(name) or _function(name)
    if found is None:
        raise ValueError(f"the file asks for {name!r}, which is not among those that load.")
    return found


def _function(name):
    package, _, last = name.rpartition(".")
    return _listed(_FUNCTIONS, package, last)


def _find(name):
    package, _, last = name.rpartition(".")
    if package in _OWN and last in import_module(package).__all__:
        found = getattr(import_module(package), last)
        return found if isinstance(found, type) and issubclass(found, BaseEstimator) else None
    return _listed(_LISTED, package, last)


def _listed(table, package, name):
    """Return what a module of the table holds under that name; None if it is not listed there."""
    listed = name in table.get(package, "").split()
    return getattr(import_module(package), name, None) if listed else None

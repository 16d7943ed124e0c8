from ._backbone_features import BackboneFeatures as BackboneFeatures
from ._backbone_features import embed as embed
from ._feature_store import FeatureStore as FeatureStore

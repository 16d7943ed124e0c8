from ._compare import compare as compare
from ._comparison import Comparison as Comparison
from ._evaluate import evaluate as evaluate
from ._evaluation import Evaluation as Evaluation
from ._learning_curve import LearningCurve as LearningCurve
from ._learning_curve import learning_curve as learning_curve
from .auditing._audit import Audit as Audit
from .auditing._audit import audit as audit
from .auditing._audit_display import AuditDisplay as AuditDisplay
from .checklists._checklist_record import Checklists as Checklists
from .clinical._predictive_values import ClinicalNumbers as ClinicalNumbers
from .clinical._prevalence_shift import adjust_prevalence as adjust_prevalence
from .decisions._conformal import ConformalClassifier as ConformalClassifier
from .decisions._fold_ensemble import FoldEnsemble as FoldEnsemble
from .decisions._input_guard import InputGuard as InputGuard
from .decisions._patient_aggregator import PatientAggregator as PatientAggregator
from .decisions._patient_aggregator import aggregate_patients as aggregate_patients
from .decisions._threshold_at import ThresholdAt as ThresholdAt
from .decisions._threshold_planning import positives_needed as positives_needed
from .displays._comparison_display import ComparisonDisplay as ComparisonDisplay
from .displays._confusion_display import ConfusionDisplay as ConfusionDisplay
from .displays._gallery import PredictionGallery as PredictionGallery
from .displays._journal_figures import journal_figures as journal_figures
from .displays._learning_curve_display import (
    LearningCurveBandDisplay as LearningCurveBandDisplay,
)
from .displays._net_benefit_display import NetBenefitDisplay as NetBenefitDisplay
from .displays._roc_pr import PrecisionRecallBandDisplay as PrecisionRecallBandDisplay
from .displays._roc_pr import RocBandDisplay as RocBandDisplay
from .displays._score_versus_cost import ScoreVersusCost as ScoreVersusCost
from .displays._segmentation_display import SegmentationDisplay as SegmentationDisplay
from .displays._training_curves import TrainingCurvesDisplay as TrainingCurvesDisplay
from .external._site_display import SiteForestDisplay as SiteForestDisplay
from .external._site_scores import SiteScores as SiteScores
from .robustness._robustness import Robustness as Robustness
from .robustness._robustness_display import RobustnessDisplay as RobustnessDisplay
from .scores._operating_points import sensitivity_at_specificity as sensitivity_at_specificity
from .scores._operating_points import (
    sensitivity_at_specificity_scorer as sensitivity_at_specificity_scorer,
)
from .scores._operating_points import specificity_at_sensitivity as specificity_at_sensitivity
from .scores._operating_points import (
    specificity_at_sensitivity_scorer as specificity_at_sensitivity_scorer,
)
from .statistics._pairwise_tests import PairwiseTests as PairwiseTests
from .subgroups._subgroup_display import SubgroupDisplay as SubgroupDisplay
from .subgroups._subgroups import Subgroups as Subgroups

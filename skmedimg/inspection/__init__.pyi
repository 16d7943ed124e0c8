from ._explanation_display import ExplanationDisplay as ExplanationDisplay
from ._grad_cam import grad_cam as grad_cam
from ._hog_map import hog_map as hog_map
from ._occlusion import occlusion as occlusion
from ._parameter_table import ParameterTable as ParameterTable
from ._parameter_table import parameter_table as parameter_table

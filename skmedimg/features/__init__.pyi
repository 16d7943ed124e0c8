from ._haralick import Haralick as Haralick
from ._haralick import haralick as haralick
from ._hog import HOG as HOG
from ._hog import hog as hog
from ._intensity import IntensityHistogram as IntensityHistogram
from ._intensity import intensity_histogram as intensity_histogram
from ._lbp import LBP as LBP
from ._lbp import lbp as lbp

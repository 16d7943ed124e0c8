from ._image_folder import CHEST_XRAY_PATIENT as CHEST_XRAY_PATIENT
from ._image_folder import load_image_folder as load_image_folder
from ._image_table import load_image_table as load_image_table
from ._lesions import make_lesions as make_lesions
from ._medmnist import fetch_medmnist as fetch_medmnist
from ._public_sets import fetch_brain_mri as fetch_brain_mri
from ._public_sets import fetch_chest_xray as fetch_chest_xray
from ._public_sets import fetch_lungs as fetch_lungs

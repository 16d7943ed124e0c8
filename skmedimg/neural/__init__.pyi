from ._fit_together import fit_together as fit_together
from ._lr_find import lr_find as lr_find
from ._network_classifier import NetworkClassifier as NetworkClassifier
from ._network_segmenter import NetworkSegmenter as NetworkSegmenter
from ._scratch_cnn import ScratchCNN as ScratchCNN
from ._shallow_mlp import ShallowMLP as ShallowMLP
from ._transfer_classifier import TransferClassifier as TransferClassifier
from ._unet_segmenter import UNetSegmenter as UNetSegmenter

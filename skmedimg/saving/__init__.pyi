from ._model_card import ModelCard as ModelCard
from ._save import load as load
from ._save import read_card as read_card
from ._save import save as save
from ._to_onnx import to_onnx as to_onnx

"""`to_onnx` of all network estimators."""

import os

import torch
from sklearn.utils.validation import check_is_fitted

from skmedimg._training.onnx_export import image_input, on_the_cpu, write_onnx
from skmedimg.networks._export_graphs import OverViews, Probabilities
from skmedimg.networks._standardize import Standardize


class OnnxExport:
    """A mixin with `to_onnx`, for estimators with a trained net."""

    def to_onnx(self, path):
        """Write the fitted network as an ONNX file, for a runtime that has neither Python nor us.

        Everything between stored pixels and probabilities is in it: integers are scaled, colors
        normalized, gray images repeated to three channels. Its input "images" (n, height, width,
        channels) has the dtype of the pixels in `fit` (float32 where these were not scaled; int32
        for uint16), or is "rows" (n, n_features); its output is "probabilities", in float32, as of
        `predict_proba`. Metadata name the `classes`. A segmenter runs on whole images of the size
        in `fit`, without `tile` and `postprocess`.

        Parameters
        ----------
        path : str or os.PathLike
            Needs `pip install "skmedimg[onnx]"`.

        Returns
        -------
        path : str
        """
        check_is_fitted(self)
        path = os.fspath(path)
        example = image_input(self)[1]
        write_onnx(self._graph(), example, path, "probabilities", self._onnx_facts())
        return path

    def _graph(self):
        """Return the modules that compute `predict_proba` from stored pixels."""
        first, _ = image_input(self, flat=self._takes_rows)
        network = on_the_cpu(self.net_.module_, self.image_shape_)
        if self._views():
            network = OverViews(network, self._views())
        return [first, *self._standardization(), network, Probabilities()]

    def _standardization(self):
        """Return the module that standardizes inputs in a list, which may be empty."""
        if self.net_.plan.standardize is None:
            return []
        return [Standardize(self.input_mean_, self.input_std_).to(torch.float32)]

    def _onnx_facts(self):
        """Return the metadata of the file."""
        facts = {"classes": self.classes_.tolist(), "recipe": self.__repr__(N_CHAR_MAX=10**9)}
        threshold = getattr(self, "threshold_", None)
        return facts if threshold is None else {**facts, "threshold": threshold}

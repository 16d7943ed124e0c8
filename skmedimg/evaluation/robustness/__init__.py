"""Robustness: scores of the models of the folds on perturbed test images."""

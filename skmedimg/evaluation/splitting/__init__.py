"""Folds, patients and targets of an evaluation."""

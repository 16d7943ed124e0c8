"""Scores of predictions: the table of metrics, weights, the positive class and operating points."""

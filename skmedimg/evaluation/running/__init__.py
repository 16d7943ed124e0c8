"""Fitting every model on every fold, resumable, with what does not depend on the fold shared."""

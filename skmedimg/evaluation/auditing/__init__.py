"""Audit of a data set: findings on duplicates, patients, image quality and shortcuts."""

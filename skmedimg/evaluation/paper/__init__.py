"""For the paper: formatted tables, and predictions with file names."""

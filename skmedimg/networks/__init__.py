"""Network architectures and losses in plain torch."""

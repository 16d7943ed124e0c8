"""From probabilities to decisions: thresholds and patients."""

"""External validation: sets of other hospitals, how they differ, and what scores lose there."""

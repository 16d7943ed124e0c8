"""What two classes mean in the clinic: predictive values, usefulness and calibration."""

"""Networks are trained here: from a plan and images to a fitted net."""

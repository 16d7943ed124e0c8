"""Published configurations as data."""

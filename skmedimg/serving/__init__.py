"""The local page of `skmedimg serve`: images in, probabilities, maps and a table out."""

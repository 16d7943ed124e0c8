"""Features of pretrained backbones, computed once and stored."""

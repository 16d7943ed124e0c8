"""Images to rows of numbers: classical descriptors and frozen backbones."""

"""Images in: reading, lazy stacks, the gate that checks them, cropping and augmentation."""

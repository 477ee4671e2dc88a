"""Sources that name tensors as torchvision does, with something more: a larger model around, other layers beside."""

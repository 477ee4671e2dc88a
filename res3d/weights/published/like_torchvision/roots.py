"""Where in a file a residual network lies that its makers put inside a larger one."""

import re

# The modules that a residual network of torchvision's naming is made of.
OURS = re.compile(r"(?:conv1|bn1|layer\d|fc|classifier)\.")


def root(shapes):
    """What stands before the names of the residual network in `shapes`, "" where it is all there is; None without one.

    >>> root({"encode_image.net.conv1.weight": 1, "encode_image.net.layer1.0.conv1.weight": 1, "encode_text.bias": 1})
    'encode_image.net.'
    """
    for name in shapes:
        if name.endswith(".layer1.0.conv1.weight") or name == "layer1.0.conv1.weight":
            prefix = name.removesuffix("layer1.0.conv1.weight")
            if f"{prefix}conv1.weight" in shapes:
                return prefix
    return None


def inside(tensors):
    """(the residual network's tensors, their root removed; the names of the others).

    >>> inside({"net.conv1.weight": 1, "net.layer1.0.conv1.weight": 2, "net.head.weight": 3})
    ({'conv1.weight': 1, 'layer1.0.conv1.weight': 2}, ('net.head.weight',))
    """
    prefix = root(tensors) or ""
    ours = {name.removeprefix(prefix): value for name, value in tensors.items()
            if name.startswith(prefix) and OURS.match(name, len(prefix))}
    return ours, tuple(name for name in tensors if name.removeprefix(prefix) not in ours)

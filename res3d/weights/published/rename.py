"""From the names and layouts of torch to ours: a rule table gives the layer, its tensors' shapes give the rest.

A rule is (pattern, template): a pattern that a whole module name must match, and our path with its groups in braces.
`{1:letter}` turns 1, 2, 3 into a, b, c; `{1:-1}` counts one down.
"""

import re

import numpy as np

NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
PLAIN = {"weight": "kernel", "bias": "bias"}
DROPPED = ("num_batches_tracked",)


class Group(str):
    """A matched group that a template can count with.

    >>> f"{Group('2'):letter} {Group('2'):-1} {Group('2')}"
    'b 1 2'
    """

    __slots__ = ()

    def __format__(self, spec):
        if spec == "letter":
            return chr(ord("a") + int(self) - 1)
        return str(int(self) + int(spec)) if spec else str(self)


def rename(module, rules):
    """Our path of a module, or None when no rule knows it.

    >>> rename("layer2.0.conv1.0", [(r"layer(\\d).(\\d+).conv(\\d).0", "stage{1}/block{2}/conv_{3:letter}/conv")])
    'stage2/block0/conv_a/conv'
    """
    for pattern, template in rules:
        match = re.fullmatch(pattern, module)
        if match:
            return template.format(module, *map(Group, match.groups(default="")))
    return None


def convert(tensors, rules):
    """(our arrays by path, their names in the file by path, names no rule knows).

    Kernels are turned from (out, in, *kernel) to (*kernel, in, out), dense ones from (out, in) to (in, out); a module
    with a running mean is a batch norm, whose weight and bias become gamma and beta.
    """
    arrays, origins, unknown = {}, {}, []
    for key, value in tensors.items():
        module, _, leaf = key.rpartition(".")
        if leaf in DROPPED:
            continue
        path = rename(module, rules)
        names = NORM if f"{module}.running_mean" in tensors else PLAIN
        if path is None or leaf not in names:
            unknown.append(key)
            continue
        path = f"{path}/{names[leaf]}"
        if path in arrays:
            raise ValueError(f"{origins[path]!r} and {key!r} both stand for {path!r}; the file mixes two networks.")
        arrays[path] = to_keras(value) if names[leaf] == "kernel" else np.asarray(value)
        origins[path] = key
    return arrays, origins, unknown


def to_keras(weight):
    """A torch weight, (out, in, *kernel), as Keras lays it out, (*kernel, in, out).

    >>> to_keras(np.zeros((64, 3, 1, 7, 7))).shape
    (1, 7, 7, 3, 64)
    """
    return np.ascontiguousarray(np.transpose(weight, (*range(2, weight.ndim), 1, 0)))


def depths(shapes, pattern):
    """How many blocks each stage has: `pattern` captures the stage and the block in a module's name.

    >>> depths({"layer1.0.fc": 1, "layer1.1.fc": 1, "layer2.0.fc": 1}, r"layer(\\d)[.](\\d+)[.].*")
    (2, 1)
    """
    found = {}
    for key in shapes:
        match = re.fullmatch(pattern, key)
        if match:
            stage, block = map(int, match.groups())
            found[stage] = max(found.get(stage, 0), block + 1)
    return tuple(found[stage] for stage in sorted(found))


BASIC = {(1, 1, 1, 1): 10, (2, 2, 2, 2): 18, (3, 4, 6, 3): 34}
BOTTLENECK = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152, (3, 24, 36, 3): 200}


def named_depth(counts, bottleneck):
    """The number a depth is known by, or None.

    >>> named_depth((3, 4, 6, 3), bottleneck=True), named_depth((3, 4, 6, 3), bottleneck=False)
    (50, 34)
    """
    return (BOTTLENECK if bottleneck else BASIC).get(tuple(counts))

"""From our names back to those of torch: the same rule tables, read from right to left.

A pattern must say how it is spelled: of `(?:a|b)` the first is written, a group takes what our path had in its place.
What a table depends on it reads off the names of a file; for a model they are named by its source's `marks`.
"""

import re
import string

from res3d.weights.published.rename import NORM, PLAIN, rename

LEAVES = {ours: theirs for names in (PLAIN, NORM) for theirs, ours in names.items()}
TOKEN = re.compile(r"\(\?:([^()|]*)(?:\|[^()]*)*\)|\(([^()]*)\)|\\(.)|(.)")
# Layers that are dense here and convolutions of one position there, by how many axes their weights have.
AXES = ((r".*/squeeze/(?:reduce|expand)", 5), (r"head/project", 5), (r".*/aggregate/\w+", 4))


def spell(pattern, groups):
    """What `pattern` matches, its groups being `groups`.

    >>> spell(r"(?:backbone\\.|)layer(\\d)\\.(\\d+)\\.conv([abc])", ["2", "0", "b"])
    'backbone.layer2.0.convb'
    """
    values, text = iter(groups), ""
    for either, group, escaped, plain in TOKEN.findall(pattern):
        if escaped and escaped in "dws":
            raise ValueError(f"the rule {pattern!r} does not say how it is spelled")
        text += spell(either, ()) if either else next(values) if group else escaped or plain
    return text


def groups_of(path, template):
    """The groups that `template` was filled with to give `path`, by number; None if it gave something else.

    >>> groups_of("stage2/block0/conv_b", "stage{1:-1}/block{2}/conv_{3:letter}")
    {1: '3', 2: '0', 3: '2'}
    """
    pattern, specs = "", {}
    for literal, field, spec, _ in string.Formatter().parse(template):
        pattern += re.escape(literal)
        if field is not None:
            specs[int(field)] = spec
            pattern += f"(?P<g{field}>{'[a-z]' if spec == 'letter' else '[0-9]+' if spec else '[a-z0-9]+'})"
    match = re.fullmatch(pattern, path)
    return match and {number: _before(match[f"g{number}"], spec) for number, spec in specs.items()}


def _before(value, spec):
    """A group's text before a template counted with it."""
    if spec == "letter":
        return str(ord(value) - ord("a") + 1)
    return str(int(value) - int(spec)) if spec else value


def unrename(path, rules):
    """The module of torch that the rules call `path`, or None when none does.

    >>> unrename("stage2/block0/conv_a", [(r"layer(\\d)\\.(\\d+)\\.conv(\\d)", "stage{1}/block{2}/conv_{3:letter}")])
    'layer2.0.conv1'
    """
    for pattern, template in rules:
        groups = groups_of(path, template)
        if groups is not None:
            module = spell(pattern, [groups[number] for number in sorted(groups)])
            if rename(module, rules) == path:
                return module
    return None


def convert_back(arrays, rules, axes=()):
    """(tensors by torch's names, our paths that no rule gives), of `arrays` by our path.

    Args:
        arrays: dict of numpy arrays.
        rules: a source's table.
        axes: pairs as `AXES` has, of this source alone.
    """
    tensors, unnamed = {}, []
    for path, array in arrays.items():
        layer, _, leaf = path.rpartition("/")
        module = unrename(layer, rules)
        if module is None or leaf not in LEAVES:
            unnamed.append(path)
            continue
        count = next((count for pattern, count in (*axes, *AXES) if re.fullmatch(pattern, layer)), array.ndim)
        tensors[f"{module}.{LEAVES[leaf]}"] = to_torch(array, count) if leaf == "kernel" else array
    return tensors, unnamed


def to_torch(kernel, axes):
    """A kernel, (*size, in, out), as torch has it, (out, in, *size), with ones for axes that it lacks.

    >>> import numpy as np
    >>> [to_torch(np.zeros(shape), axes).shape for shape, axes in (((1, 7, 7, 3, 64), 5), ((54, 8), 5), ((8,), 4))]
    [(64, 3, 1, 7, 7), (8, 54, 1, 1, 1), (8, 1, 1, 1)]
    """
    turned = kernel.transpose((-1, -2, *range(kernel.ndim - 2))) if kernel.ndim > 1 else kernel
    return turned.reshape(turned.shape + (1,) * (axes - kernel.ndim))

"""From pictures to clips: a trained 2D network's kernels, spread over time, in a 3D one."""

import os

import keras

from res3d.weights.errors import CheckpointError
from res3d.weights.fit import motion_of, seen_as_motion
from res3d.weights.load import Loaded, assign, load_weights
from res3d.weights.published.rename import rename

# Layers of keras.applications.ResNet50 and its like, ours; each stage's blocks count from one there.
KERAS_APPLICATIONS = (
    (r"conv1_conv", "stem/conv"),
    (r"conv1_bn", "stem/norm"),
    (r"conv(\d)_block(\d+)_0_conv", "stage{1:-1}/block{2:-1}/shortcut/conv"),
    (r"conv(\d)_block(\d+)_0_bn", "stage{1:-1}/block{2:-1}/shortcut/norm"),
    (r"conv(\d)_block(\d+)_(\d)_conv", "stage{1:-1}/block{2:-1}/conv_{3:letter}/conv"),
    (r"conv(\d)_block(\d+)_(\d)_bn", "stage{1:-1}/block{2:-1}/conv_{3:letter}/norm"),
    (r"predictions", "logits"),
)
EPSILON = 1e-5  # of our batch norms; another one is made up for in the variance


def inflate(model: keras.Model, source: keras.Model | str | os.PathLike, how: str = "centre",
            drop_head: bool = False) -> Loaded:
    """Puts the weights of a trained 2D network into a 3D one of the same depth and width.

    With `how="centre"` each kernel lies at its middle tap in time, and a still clip gives exactly the 2D network's
    logits, whatever the padding. With "mean" (Carreira and Zisserman, 2017) it is spread evenly over the taps: the same
    inside a long clip, less near its ends, where zeros are padded.

    Args:
        model: a 3D network of `res3d.build`: "c2d_r50", "slow_r50", "i3d_r50", "kenshohara_r3d_50" ... A 2D one is
            loaded as it is.
        source: a 2D network of `res3d.build`, a `keras.applications` ResNet50, 101 or 152 (then build `model` with
            stride_on="conv_a" and the clip preset "keras_resnet50_224": these stride on the first convolution of a
            block and see BGR), or the path of a 2D checkpoint.
        how: "centre" or "mean".
        drop_head: bool. Leaves the classifier as it is.

    Returns: Loaded.

    Raises:
        CheckpointError: if the two differ in more than time; both differences are listed.

    >>> import res3d
    >>> clip = res3d.ClipSpec(frames=4, height=32, width=32)
    >>> pictures, clips = (res3d.build(name, 5, clip, width=0.125) for name in ("resnet_50", "i3d_r50"))
    >>> inflate(clips, pictures).source
    'resnet_50'
    """
    if isinstance(source, str | os.PathLike):
        return load_weights(model, source, drop_head=drop_head, inflate=how)
    arrays, unknown = arrays_of(source)
    if motion_of(source) is None:
        arrays = seen_as_motion(arrays, model)
    return Loaded(source.name, assign(model, arrays, source.name, drop_head, how, unknown=unknown))


def arrays_of(source):
    """(arrays by our path, layers nothing is known of) of a Keras 2D network, ours or of keras.applications."""
    if any(weight.path.startswith("stem/") for weight in source.weights):
        return {weight.path: weight.numpy() for weight in source.weights}, []
    if not any(layer.name == "conv2_block1_1_conv" for layer in source.layers):
        names = ", ".join(layer.name for layer in source.layers[:4])
        raise CheckpointError(source.name, "expected a 2D network of res3d.build or a ResNet of keras.applications; "
                                           f"the model's layers are like {names}.")
    if any(layer.name == "conv2_block1_preact_bn" for layer in source.layers):
        raise CheckpointError(source.name, "a ResNet V2 of keras.applications has biases that no norm follows, which "
                                           "the family's networks lack. Use keras.applications.ResNet50.")
    arrays, unknown, biases, epsilons = {}, [], {}, {}
    for layer in source.layers:
        path = rename(layer.name, KERAS_APPLICATIONS)
        if not layer.weights:
            continue
        if path is None:
            unknown.append(layer.name)
            continue
        for weight in layer.weights:
            arrays[f"{path}/{weight.name}"] = weight.numpy()
        if path.endswith("/conv") and getattr(layer, "use_bias", False):
            biases[path.removesuffix("/conv")] = arrays.pop(f"{path}/bias")
        elif path.endswith("/norm"):
            epsilons[path.removesuffix("/norm")] = layer.epsilon
    # conv + bias, normalised, is conv normalised around a mean that is smaller by the bias.
    for unit, bias in biases.items():
        arrays[f"{unit}/norm/moving_mean"] = arrays[f"{unit}/norm/moving_mean"] - bias
    for unit, epsilon in epsilons.items():
        arrays[f"{unit}/norm/moving_variance"] = arrays[f"{unit}/norm/moving_variance"] + (epsilon - EPSILON)
    return arrays, unknown

"""What an exporter must know of a Keras model, read off the model itself: no network's code is imported."""

import keras

from res3d import ending
from res3d.geometry import ClipSpec
from res3d.private_keras import layers_inside

ACTIVATIONS = ("softmax", "sigmoid")


def read_clip(model):
    """The `ClipSpec` in the first layer that carries one as `clip`.

    Raises:
        ValueError: if no layer does.
    """
    for layer in layers_inside(model):
        if isinstance(getattr(layer, "clip", None), ClipSpec):
            return layer.clip
    raise ValueError(f"An export needs the clip that the model was trained on. Received: model '{model.name}', in "
                     "which no layer carries one. Build it with clip=..., or pass clip=ClipSpec(...) here.")


def check_ends(model, clip, steps=False):
    """Refuses a model that does not take one clip, `(batch, *clip.shape)`, or does not give `(batch, classes)`; with
    `steps` the latter for each of the clip's frames, `(batch, frames, classes)`.

    Raises:
        ValueError: with the shapes expected and found.
    """
    inputs = getattr(model, "inputs", None)
    if inputs is None or len(inputs) != 1:
        raise ValueError(f"An exported model takes one input, the clip. Received: model '{model.name}' with "
                         f"{'unknown inputs' if inputs is None else f'{len(inputs)} inputs'}. "
                         "Make it with res3d.build or keras.Model(inputs, outputs).")
    shape = tuple(inputs[0].shape)
    if len(shape) != 5 or any(size not in (None, wanted) for size, wanted in zip(shape[1:], clip.shape)):
        raise ValueError(f"A model for this clip takes inputs of shape {(None, *clip.shape)}. "
                         f"Received: model '{model.name}' with input shape {shape}.")
    shapes = [tuple(output.shape) for output in model.outputs]
    if steps:
        if len(shapes) != 1 or shapes[0][1:-1] != (clip.frames,):
            raise ValueError("An exported model that finds spans gives scores of each frame of a clip, (batch, "
                             f"{clip.frames}, classes). Received: model '{model.name}' with outputs of shape "
                             f"{', '.join(map(str, shapes))}. Make it with res3d.step_classifier.")
        return
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] is None:
        raise ValueError("An exported model gives one number a label, (batch, labels). Received: model "
                         f"'{model.name}' with outputs of shape {', '.join(map(str, shapes))}. Build it with "
                         "num_classes=...; an export gives its features, too.")


def output_activation(model):
    """"softmax" or "sigmoid" if the model is seen to end in it, None if it gives logits or does not tell."""
    found = ending.read(model)
    return found if found in ACTIVATIONS else None


def feature_model(model):
    """The same network up to what enters its last dense layer, or None where there is no such layer.

    The result shares the layers. Features that still have a time axis are averaged over it by the signature.
    """
    for layer in reversed(model.layers):
        if isinstance(layer, keras.layers.Dense):
            return keras.Model(model.inputs[0], layer.input)
    return None


def check_labels(labels, outputs):
    """The labels as a list of strings, the outputs' numbers where `labels` is None.

    Raises:
        ValueError: if there are more or fewer than outputs, or one has line breaks.
    """
    labels = [str(number) for number in range(outputs)] if labels is None else [str(label) for label in labels]
    if len(labels) != outputs:
        raise ValueError(f"An export needs one label an output, {outputs} in all. Received: {len(labels)} labels, "
                         f"{labels[:3]}... Pass the labels that the model was trained with.")
    for label in labels:
        if label and label.splitlines() != [label]:
            raise ValueError(f"A label must be one line. Received: {label!r}. Name it without line breaks.")
    return labels

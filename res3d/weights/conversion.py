"""A published checkpoint to a saved model, with the names of its classes beside it."""

import pathlib

from res3d.atomic import renamed, write_aside
from res3d.weights.load import import_model

SUFFIX = ".keras"
STEPS = {"reading": 4.0, "writing": 1.0}  # {name: share of the time}


def convert_file(path, output, labels=None, progress=None, **options):
    """Writes the model that a checkpoint holds to `output`, and its labels to `MODEL.labels.txt`.

    Args:
        path: a checkpoint.
        output: file to write; ends in `.keras`.
        labels: file with one label a line, or None.
        progress: None, or a function that is called with the name of each step as it begins: one of `STEPS`.
        options: `name`, `source`, `clip`, `num_classes` and `inflate` of `import_model`.

    Returns:
        dict, ready for JSON: `source`, `model`, `classes`, `clip`, `parameters`, `output`.

    Raises:
        ValueError: if the file is no checkpoint of a known network, or there are not as many labels as classes.
    """
    names = None
    if labels:
        names = [line for line in pathlib.Path(labels).read_text(encoding="utf-8").split("\n") if line.strip()]
    step = progress or (lambda name: None)
    step("reading")
    model, found = import_model(path, **options)
    classes = model.output_shape[-1]
    if names is not None and len(names) != classes:
        raise ValueError(f"`--labels` must name {classes} classes, one a line. Received: {len(names)} lines in "
                         f"{labels!r}.")
    step("writing")
    with renamed(output, SUFFIX) as aside:
        model.save(aside)
    if names is not None:
        write_aside(f"{output.removesuffix(SUFFIX)}.labels.txt", "\n".join(names) + "\n")
    return {"source": found.source, "model": found.model, "classes": classes, "clip": found.clip.to_dict(),
            "parameters": model.count_params(), "output": output}

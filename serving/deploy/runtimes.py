"""Files that run an export in OpenVINO Model Server, in a program with ONNX Runtime, or on Android with LiteRT."""

import dataclasses
import functools
import json
import os
import pathlib
import re

import jinja2

from res3d import atomic
from serving.session.errors import SessionError
from serving.session.runtimes.opening import open_file, parts_of


@dataclasses.dataclass(frozen=True)
class Target:
    """A place where a file can run.

    Args:
        format: str. The `--format` of `res3d export` that it takes.
        suffix: str. What such a file's name ends in.
        model: str. Where the model is put, without its suffix; `{name}` is its name.
        texts: {template: where its text goes}.
        image: str or None. The server's image.
    """

    format: str
    suffix: str
    model: str
    texts: dict[str, str]
    image: str | None = None


TARGETS = {
    "openvino-model-server": Target(
        "openvino", ".xml", "models/{name}/1/{name}",
        {"compose.yaml.j2": "compose.yaml", "config.json.j2": "config.json", "ask.py.j2": "ask.py",
         "README.md.j2": "README.md"}, "openvino/model_server:latest"),
    "onnxruntime": Target("onnx", ".onnx", "{name}", {"answer.py.j2": "answer.py", "README.md.j2": "README.md"}),
    "android": Target("litert", ".tflite", "app/src/main/assets/{name}",
                      {"Classifier.kt.j2": "app/src/main/java/actions/Classifier.kt", "README.md.j2": "README.md"}),
}


def write_for_runtime(model, target, output, image=None):
    """Writes the model, its labels and clip, and what runs it, below `output`; other files there are left alone.

    Args:
        model: a file that `res3d export` wrote in the target's format.
        target: a name of `TARGETS`.
        output: folder.
        image: str or None. The server's image, where there is a server.

    Returns: the paths written, relative to `output`.

    Raises:
        ImportError: without the runtime, which reads the file's labels and clip.
        OSError, ValueError: for a file that is not there, or of another format.
    """
    place, model = TARGETS[target], pathlib.Path(model)
    if model.suffix != place.suffix:
        raise ValueError(f"--target={target} takes a file NAME{place.suffix}. Received: '{model}'. Export one first: "
                         f"res3d export --format={place.format} --output=NAME{place.suffix}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", model.stem):
        raise ValueError("A model's file needs a name of letters, digits, '_' and '-', which is its name wherever it "
                         f"runs. Received: '{model.name}'. Rename the file.")
    if image is not None and place.image is None:
        raise ValueError(f"`--image` names a server's image, and --target={target} has none. Received: {image!r}.")
    try:
        session = open_file(model)
    except SessionError as error:
        raise ValueError(f"A deployment needs a model that its runtime loads. {error.message}") from None
    texts = _texts(place, target, model.stem, session, image)
    files = {path: text.encode() for path, text in texts.items()}
    for part in parts_of(model):
        files[place.model.format(name=model.stem) + part.suffix] = part.read_bytes()
    for path, content in files.items():
        aim = pathlib.Path(output, path)
        aim.parent.mkdir(parents=True, exist_ok=True)
        with atomic.writing(aim) as file:
            file.write(content)
    return sorted(files)


def _texts(place, target, name, session, image):
    """{path: text} of all files but the model."""
    facts, folder = session.facts, os.path.dirname(place.model.format(name=name)) if target == "android" else ""
    clip = facts.clip
    shape = clip.shape if facts.axes == 4 else (session.batch or 1, *clip.shape)
    loader = jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "templates")
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["quoted"] = functools.partial(json.dumps, ensure_ascii=False)
    environment.filters["composed"] = lambda text: json.dumps(text.replace("$", "$$"), ensure_ascii=False)
    values = {"name": name, "clip": clip, "shape": shape, "count": len(facts.labels), "image": image or place.image,
              "scores": "sigmoids, one a label" if facts.multi_label else "a softmax"}
    texts = {path: environment.get_template(f"{target}/{template}").render(values)
             for template, path in place.texts.items()}
    return texts | {os.path.join(folder, "labels.txt"): "".join(f"{label}\n" for label in facts.labels),
                    os.path.join(folder, "clip.json"): clip.to_json() + "\n"}

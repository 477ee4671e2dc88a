"""The model card of a preset: front matter that the hub reads, and what a person wants to know first."""

import json
import re

TASK = "video-classification"
ID = r"[\w.-]+(?:/[\w.-]+)?"  # what the hub takes for the name of a data set


def model_card(facts):
    """README.md of a preset folder, from what its `res3d.json` holds."""
    return "---\n" + "".join(f"{line}\n" for line in front_matter(facts)) + "---\n\n" + _page(facts)


def front_matter(facts):
    """The lines of YAML between the dashes; values are JSON, which YAML is made to read."""
    results = facts["results"]
    datasets = sorted({result["dataset"] for result in results if re.fullmatch(ID, result.get("dataset") or "")})
    fields = {"library_name": "keras", "pipeline_tag": TASK, "tags": ["res3d", "video", "action-recognition"]}
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", facts["licence"].lower()):
        fields["license"] = facts["licence"].lower()
    if datasets:
        fields["datasets"] = datasets
    if results:
        index = [_result(result) for result in results]
        fields["metrics"] = sorted({metric["type"] for result in index for metric in result["metrics"]})
        fields["model-index"] = [{"name": facts["model"], "results": index}]
    return [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]


def _result(result):
    """One result as the hub's evaluation tables want it."""
    names = {"top1": "top-1", "top5": "top-5"}
    metrics = [{"type": "accuracy" if name in names else name, "name": names.get(name, name), "value": value}
               for name, value in result.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    dataset = result.get("dataset") or "unknown"
    return {"task": {"type": TASK, "name": result.get("protocol") or TASK},
            "dataset": {"name": dataset, "type": re.sub(r"[^A-Za-z0-9_/.-]+", "-", dataset)}, "metrics": metrics}


def _page(facts):
    clip, labels = facts["clip"], facts["labels"]
    lines = [f"# {facts['model']}", "",
             f"A video network of res3d: {facts['parameters']:,} parameters, {facts['classes']} classes, clips of "
             f"{clip['frames']} frames of {clip['height']}x{clip['width']} pixels, uint8 RGB, scaled inside.", ""]
    if facts["results"]:
        lines += ["| data set | protocol | figures |", "|---|---|---|"]
        for result in facts["results"]:
            figures = ", ".join(f"{name} {value}" for name, value in result.items()
                                if isinstance(value, int | float) and not isinstance(value, bool))
            lines.append(f"| {result.get('dataset', '')} | {result.get('protocol', '')} | {figures}"
                         f"{' (published by its makers)' if result.get('published') else ''} |")
        lines.append("")
    if facts["source"]:
        lines += [f"Weights: {facts['source']['name']} {facts['source']['address']}".rstrip() + ".", ""]
    if labels:
        shown = ", ".join(labels[:10]) + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")
        lines += [f"Labels: {shown}.", ""]
    return "\n".join([*lines, "```python", "import res3d", "", 'model = res3d.load_preset("FOLDER")',
                      "labels = res3d.origin_of(model).labels", "```", "",
                      "From the hub, `res3d predict VIDEO --model=hf://ORGANISATION/NAME` answers at once; `build`, "
                      "`train --weights=`, `evaluate`, `export` and `serve` take the same name.", "",
                      'Plain Keras reads the same folder, with `res3d` imported: `keras.saving.load_model("FOLDER")`. '
                      "`check.npz` holds a clip and the scores that the model gave for it; `res3d.load_preset` "
                      "compares.", ""])

"""Imports point one way: files -> clips -> batches -> model -> SavedModel -> prediction."""

import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("res3d", "pipelines", "serving")
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager"}
# serving.client, the page and the streaming reader cut clips as training did; neither module imports TensorFlow.
CLIP_READERS = {"serving/client.py", "serving/page.py", "serving/stream.py"}
CLIP_MODULES = {"pipelines.video", "pipelines.sample"}


def modules(room):
    return sorted((ROOT / room).rglob("*.py"))


def imports(path):
    """Every dotted name that a file imports, at the top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction; write the whole name"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def is_command(path):
    return "commands" in path.relative_to(ROOT).parts


def reaches(names, package):
    return sorted(name for name in names if name == package or name.startswith(package + "."))


@pytest.mark.parametrize("path", modules("res3d"), ids=lambda path: str(path.relative_to(ROOT)))
def test_networks_know_neither_tensorflow_nor_the_other_rooms(path):
    if is_command(path):
        return
    names = imports(path)
    for package in ("tensorflow", "pipelines", "serving", "cv2", "torch", "jax"):
        assert not reaches(names, package)


@pytest.mark.parametrize("path", modules("pipelines"), ids=lambda path: str(path.relative_to(ROOT)))
def test_pipelines_know_of_networks_only_their_geometry(path):
    if is_command(path):
        return
    names = imports(path)
    assert not reaches(names, "serving")
    assert all(name.startswith("res3d.geometry") for name in reaches(names, "res3d"))


@pytest.mark.parametrize("path", modules("serving"), ids=lambda path: str(path.relative_to(ROOT)))
def test_serving_knows_of_networks_only_their_geometry(path):
    if is_command(path):
        return
    names = imports(path)
    assert all(name.startswith("res3d.geometry") for name in reaches(names, "res3d"))
    allowed = CLIP_MODULES if str(path.relative_to(ROOT)) in CLIP_READERS else set()
    for name in reaches(names, "pipelines"):
        assert any(name == module or name.startswith(module + ".") for module in allowed), name


def test_geometry_is_light():
    top = {name.split(".")[0] for name in imports(ROOT / "res3d/geometry.py")}
    assert top <= {"dataclasses", "json", "math", "numbers", "os"}


def test_one_file_imports_opencv():
    users = [str(path.relative_to(ROOT)) for room in ROOMS for path in modules(room) if reaches(imports(path), "cv2")]
    assert users == ["pipelines/video.py"]


def test_flags_live_in_command_modules():
    users = [path for room in ROOMS for path in modules(room)
             if not is_command(path) and (reaches(imports(path), "argparse") or reaches(imports(path), "absl.flags")
                                          or reaches(imports(path), "absl.app"))]
    assert not [str(path.relative_to(ROOT)) for path in users]


def test_one_file_knows_http_and_one_knows_grpc():
    edges = {"starlette": {"serving/rest.py", "serving/page.py", "serving/commands/serve.py"},
             "grpc": {"serving/grpc_service.py", "serving/grpc_client.py"}}
    for package, allowed in edges.items():
        users = {str(path.relative_to(ROOT)) for room in ROOMS for path in modules(room)
                 if reaches(imports(path), package)}
        assert users <= allowed, (package, users - allowed)


def test_no_grab_bag_names():
    names = {path.stem for room in ROOMS for path in modules(room)}
    assert not names & FORBIDDEN_NAMES


@pytest.mark.parametrize(("module", "heavy"), [
    ("res3d", ("keras", "tensorflow", "cv2")),
    ("res3d.geometry", ("keras", "tensorflow", "numpy")),
    ("pipelines", ("keras", "tensorflow", "cv2")),
    ("pipelines.video", ("keras", "tensorflow")),
    ("pipelines.sample", ("keras", "tensorflow", "cv2")),
    ("serving", ("keras", "tensorflow", "grpc")),
    ("serving.client", ("keras", "tensorflow")),
    ("res3d.commands.main", ("keras", "tensorflow", "cv2")),
])
def test_importing_stays_light(module, heavy):
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"

"""Imports point one way, files -> clips -> batches -> model -> SavedModel -> prediction; folders keep their floors."""

import ast
import graphlib
import importlib
import inspect
import subprocess
import sys

import pytest

from tests.house import floors

PATHS = [path for package in floors.PACKAGES for path in floors.modules(package)]
FOLDERS = sorted({path.parent for path in PATHS})
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager"}
STANDING_ALONE = {"__init__", "__main__"}
KNOWS_A_BACKEND = "res3d/layers/backends/tensorflow_kernels.py"
MOST_LINES = 300
MOST_BODY = 40
MOST_FILES = 14


def reaches(names, package):
    return sorted(name for name in names if name == package or name.startswith(package + "."))


def place(path):
    return str(path.relative_to(floors.ROOT))


def is_command(path):
    return "commands" in path.relative_to(floors.ROOT).parts


def test_a_folder_imports_what_its_row_allows():
    found = []
    for path in PATHS:
        here = floors.floor_of(floors.dotted(path))
        if here in floors.PACKAGES:  # a face, or `python -m` of a package
            assert path.stem in STANDING_ALONE, f"{path} needs a row in floors.py"
            continue
        allowed = {here, *floors.FLOORS[here][1]}
        for name in floors.ours(path):
            floor = floors.floor_of(name)
            if not {floor, floor.split(".")[0]} & allowed:
                found.append(f"{here} may not import {name}")
    assert not found


def test_every_row_is_a_folder_or_a_module_and_lies_above_what_it_imports():
    seen = set()
    for name, (purpose, allowed) in floors.FLOORS.items():
        lies = floors.ROOT / name.replace(".", "/")
        assert lies.is_dir() or lies.with_suffix(".py").is_file(), name
        assert purpose
        for other in allowed:
            assert other in seen or (other in floors.PACKAGES and name in floors.ROOFS), f"{name} stands below {other}"
        seen.add(name)


def test_no_module_imports_itself_through_others():
    graph = {}
    for path in PATHS:
        if path.name == "__init__.py":
            continue
        found = {floors.module_of(name) for name in floors.ours(path)}
        graph[floors.dotted(path)] = found - {floors.dotted(path), None, *floors.PACKAGES}
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the circle


def test_what_is_imported_inside_a_function_is_imported_for_a_light_start():
    """No import hides in a function to dodge a circle: commands start light, and so do these, which say so."""
    late = {place(path): floors.ours(path) - floors.ours(path, inside=False)
            for path in PATHS if not is_command(path) and path.name != "__main__.py"}
    assert {name for name, found in late.items() if found} == set(LATE), late


LATE = {  # file: why it may import parts of the project late
    "pipelines/annotations/times.py": "a video is opened for labels that count its frames alone: NumPy and OpenCV",
    "pipelines/records/index.py": "NumPy and OpenCV are for records of other tools: 170 ms of the 240 of a manifest",
    "serving/client/connecting.py": "gRPC takes 0.08 s of 0.28, and TensorFlow's package; REST urllib3, 0.07 s",
    "serving/server/server.py": "the page reads videos: OpenCV, and 0.05 s of a start of 0.4, for who asks for --page",
    "serving/session/predictor.py": "the Python session imports TensorFlow, 4 s, where the C library cannot be opened",
    "serving/verify/compare.py": "the Python session imports TensorFlow, 4 s, where the C library cannot be opened",
}


def test_networks_know_no_framework_but_keras():
    networks = {name for name in map(place, PATHS) if name.startswith("res3d/") and "/workflows/" not in name}
    networks -= {KNOWS_A_BACKEND, *(name for name in networks if "/commands/" in name)}
    assert not networks & set(users_of("tensorflow", "cv2", "torch", "jax"))


def test_geometry_is_light():
    top = {name.split(".")[0] for path in floors.modules("res3d/geometry") for name in floors.imports(path)}
    assert top <= {"dataclasses", "json", "lazy_loader", "math", "numbers", "os", "res3d", "typing"}


def users_of(*packages):
    return sorted(place(path) for path in PATHS
                  if any(reaches(floors.imports(path), package) for package in packages))


def test_two_files_import_opencv_one_that_decodes_and_one_that_draws():
    assert users_of("cv2") == ["pipelines/figures/canvas.py", "pipelines/video/opencv.py"]


def test_flags_live_in_command_modules():
    assert not [name for name in users_of("argparse", "absl.flags", "absl.app") if "/commands/" not in name]


def test_one_file_knows_http_and_one_knows_grpc_on_each_side():
    assert set(users_of("starlette")) <= {"serving/server/rest/app.py", "serving/server/rest/page/routes.py"}
    assert users_of("grpc") == ["serving/client/grpc.py", "serving/server/grpc/arrivals.py",
                                "serving/server/grpc/service.py"]


def test_no_grab_bag_names():
    assert not {path.stem for path in PATHS} & FORBIDDEN_NAMES


@pytest.mark.parametrize("folder", ["benchmarks", "examples", "docs"])
def test_no_program_hides_a_package(folder):
    """Python looks for packages in the folder of the program that it runs first, whatever imports them later on."""
    programs = {path.stem for path in (floors.ROOT / folder).glob("*.py")}
    assert not programs & {*floors.PACKAGES, *sys.stdlib_module_names}


def test_a_folder_is_neither_empty_nor_crowded():
    for folder in FOLDERS:
        names = {path.stem for path in folder.glob("*.py")} - STANDING_ALONE
        rooms = [path for path in folder.iterdir() if (path / "__init__.py").is_file()]
        assert len(names) <= MOST_FILES, (folder, sorted(names))
        assert len(names) + len(rooms) >= 2, folder


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if (folder / "__init__.pyi").is_file()],
                         ids=lambda folder: str(folder.relative_to(floors.ROOT)))
def test_faces_name_what_is_there_and_no_module_shadows_it(folder):
    face = importlib.import_module(floors.dotted(folder / "__init__.py"))
    stub = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                assert not (folder / f"{alias.name}.py").is_file(), f"{alias.name} would be overwritten by its module"
                value = getattr(face, alias.name)
                assert not inspect.ismodule(value), alias.name
    assert set(face.__all__) <= set(dir(face))


def test_a_file_is_one_idea_and_a_function_fits_the_eye():
    found = []
    for path in PATHS:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > MOST_LINES:
            found.append(f"{place(path)} is two ideas")
        for node in ast.walk(floors.tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length_of(node) > MOST_BODY:
                above = lines[node.lineno - 2] if node.lineno > 1 else ""
                if not above.lstrip().startswith("# Long:"):
                    found.append(f"{place(path)}: {node.name} has {length_of(node)} lines")
    assert not found


def length_of(function):
    """Lines of its body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize(("module", "heavy"), [
    ("res3d", ("keras", "tensorflow", "cv2")),
    ("res3d.geometry", ("keras", "tensorflow", "numpy")),
    ("pipelines", ("keras", "tensorflow", "cv2")),
    ("pipelines.video.reading", ("keras", "tensorflow")),
    ("pipelines.sample.protocols", ("keras", "tensorflow", "cv2")),
    ("pipelines.dataset.epochs", ("keras", "tensorflow", "cv2")),
    ("serving", ("keras", "tensorflow", "grpc")),
    ("serving.client.client", ("keras", "tensorflow")),
    ("res3d.workflows.ask", ("keras", "tensorflow")),
    ("res3d.networks.listing", ("keras", "tensorflow")),
    ("res3d.commands.main", ("keras", "tensorflow", "cv2")),
])
def test_importing_stays_light(module, heavy):
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"

"""Every public name explains itself: what it takes, with shapes, what it refuses, whence it comes, and its types."""

import ast
import importlib
import inspect
import pathlib
import re
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("res3d", "pipelines", "serving")
# What Keras and TensorFlow have a layer, a model or a dataset define is explained by them.
THEIRS = {"build", "call", "get_config", "from_config", "compute_output_shape", "element_spec", "cardinality", "map",
          "prefetch", "with_options", "take", "skip", "repeat", "cache", "batch", "unbatch", "rebatch", "filter",
          "shard"}
# What refuses arguments for others.
CHECKS = {"to_tuple", "positive_int", "fraction", "choice", "check_rank", "check_levels", "check_size"}
UNITS = {"timeout": "[Ss]econd|as in `", "seconds": "[Ss]econd", "fps": "(a|per) second|rate",
         "short_side": "pixel|side"}
# Layers that no paper introduced.
PLAIN = {"Conv", "ConvNorm", "MaxPool", "PixelScaling", "PlacesClassifier", "ResidualBlock", "WindowPool"}


def public():
    """{dotted name: object} of what the packages offer and of what the reference pages show."""
    names = {}
    for room in ROOMS:
        module = importlib.import_module(room)
        names |= {f"{room}.{name}": getattr(module, name) for name in module.__all__ if name != "__version__"}
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            module, _, attribute = name.rpartition(".")
            names[name] = getattr(importlib.import_module(module), attribute)
    things = [thing for thing in names.values() if not inspect.ismodule(thing)]
    return {f"{thing.__module__}.{thing.__qualname__}": thing for thing in things}


NAMES = public()
EACH = [pytest.param(thing, id=name) for name, thing in sorted(NAMES.items())]


def ours(function):
    """The function under a property or a method, if this project wrote it."""
    if isinstance(function, property):
        function = function.fget
    function = inspect.unwrap(getattr(function, "__func__", function))  # what functools.cache has made is no function
    if inspect.isfunction(function) and function.__code__.co_filename.startswith(str(ROOT)):
        return function
    return None


def methods(thing):
    """(name, function) of the public methods and properties of a class that are the project's own."""
    if inspect.isclass(thing):
        for name, value in vars(thing).items():
            field = name in getattr(thing, "__dataclass_fields__", ())
            if not name.startswith("_") and name not in THEIRS and not field and (function := ours(value)):
                yield name, function


def explanation(thing):
    """The docstring; that of a class with those of the classes that it is made of."""
    if not inspect.isclass(thing):
        return inspect.getdoc(thing) or ""
    return "\n".join(base.__doc__ or "" for base in thing.__mro__ if base.__module__.split(".")[0] in ROOMS)


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values()
            if p.name not in ("self", "cls") and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def raises(function, checks=True):
    """Whether the function itself says `raise ...`, or (with `checks`) has an argument checked."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any((isinstance(node, ast.Raise) and node.exc is not None)
               or (checks and isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CHECKS)
               for node in ast.walk(tree))


def without_example(text):
    """A docstring but for its `>>>` lines and what follows each: code that has a shape tells none."""
    return re.sub(r"^ *>>> .*(?:\n.*\S.*)*", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("thing", EACH)
def test_it_says_what_it_is(thing):
    assert re.match(r"\S.+", thing.__doc__ or ""), "has no docstring"
    for name, function in methods(thing):
        assert inspect.getdoc(getattr(thing, name)) or function.__doc__, f"{name} has no docstring"


@pytest.mark.parametrize("thing", EACH)
def test_it_names_all_that_it_takes(thing):
    said = explanation(thing)
    lacking = [p.name for p in parameters(thing) if not re.search(rf"\b{p.name}\b", said)]
    assert not lacking, f"the docstring does not say what these are: {lacking}"


@pytest.mark.parametrize("thing", EACH)
def test_it_says_what_it_refuses(thing):
    functions = [*methods(thing), ("", ours(thing.__init__) if inspect.isclass(thing) else ours(thing))]
    for name, function in functions:
        if function is not None and raises(function, checks=not name):
            said = (inspect.getdoc(function) or "") + ("" if name else explanation(thing))
            assert re.search(r"Raises|Error|refuse[ds]", said), f"{name or thing.__name__} raises and does not say so"


@pytest.mark.parametrize("thing", EACH)
def test_it_tells_the_shapes_of_arrays(thing):
    if inspect.isclass(thing) and issubclass(thing, keras.layers.Layer):
        assert re.search(r"Input shape: .*Output shape: ", without_example(explanation(thing)), re.DOTALL)
    functions = [*methods(thing)] if inspect.isclass(thing) else [("", thing)]
    for name, function in functions:
        types = [p.annotation for p in parameters(function)] + [inspect.signature(function).return_annotation]
        if np.ndarray in types or keras.Model in types[-1:]:
            said = without_example(inspect.getdoc(function) or "")
            assert re.search(r"\([^()]*,[^()]*\)|shape|as `", said), f"{name or thing.__name__} tells no shape"


@pytest.mark.parametrize("thing", EACH)
def test_it_tells_units(thing):
    for p in parameters(thing):
        if p.name in UNITS:
            assert re.search(UNITS[p.name], without_example(explanation(thing))), f"`{p.name}` has no unit"


@pytest.mark.parametrize("thing", EACH)
def test_a_layer_tells_where_it_comes_from(thing):
    if inspect.isclass(thing) and issubclass(thing, keras.layers.Layer) and thing.__name__ not in PLAIN:
        assert re.search(r"arXiv|Reference", explanation(thing))


@pytest.mark.parametrize("thing", EACH)
def test_its_types_are_annotated(thing):
    functions = [*methods(thing)]
    if not inspect.isclass(thing):
        functions.append((thing.__name__, ours(thing)))
    elif ours(thing.__init__):
        functions.append(("__init__", ours(thing.__init__)))
    for name, function in functions:
        lacking = [p.name for p in parameters(function) if p.annotation is p.empty]
        if inspect.signature(function).return_annotation is inspect.Signature.empty:
            lacking.append("return")
        assert not lacking, f"{name} has no types for {lacking}"


EACH_ALONE = """
import importlib, os, sys
import keras, tensorflow  # no package of the project, and slow: once for all
for room in sys.argv[1:]:
    if os.fork() == 0:
        module = importlib.import_module(room)
        print(room, [name for name in dir(module) if getattr(module, name, None) is None], flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
def test_what_a_package_lists_is_there_after_importing_it_alone():
    result = subprocess.run([sys.executable, "-c", EACH_ALONE, *ROOMS], capture_output=True, text=True, timeout=120,
                            check=True)
    assert result.stdout.splitlines() == [f"{room} []" for room in ROOMS], result.stderr
    for room, name in (("pipelines", "synthetic"), ("res3d", "weights"), ("serving", "client")):
        module = importlib.import_module(room)
        assert name in dir(module)
        with pytest.raises(AttributeError, match=f"No {room} attribute no_such_name"):
            _ = module.no_such_name


@pytest.mark.parametrize("stub", [path for room in ROOMS for path in sorted((ROOT / room).rglob("__init__.pyi"))],
                         ids=lambda path: ".".join(path.relative_to(ROOT).parts[:-1]))
def test_a_type_checker_sees_the_names_that_there_are(stub):
    """Names that resolve on first use would be of any type, and a misspelt one as good as another."""
    package = ".".join(stub.relative_to(ROOT).parts[:-1])
    module = importlib.import_module(package)
    shown = {}
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            assert all(alias.asname == alias.name for alias in node.names), "`as` tells a type checker it is public"
            shown |= {alias.name: f"{package}.{node.module}" if node.module else package for alias in node.names}
    assert shown.keys() == set(module.__all__)
    for name, origin in shown.items():
        assert getattr(importlib.import_module(origin), name) is getattr(module, name)

"""A saved model loads with keras alone, once the package was imported beside it, before or after."""

import importlib
import pkgutil
import subprocess
import sys

import keras
import pytest

import res3d
from res3d import late_classes, saving
from res3d.geometry import ClipSpec


def registered():
    return {name.removeprefix("res3d>"): thing for name, thing in keras.saving.get_custom_objects().items()
            if name.startswith("res3d>")}


def test_every_registered_class_has_a_stand_in_and_is_brought_by_one_import():
    for module in pkgutil.walk_packages(res3d.__path__, "res3d."):
        importlib.import_module(module.name)
    assert set(registered()) == set(late_classes.NAMES)
    assert not any(isinstance(thing, late_classes.LateClass) for thing in registered().values())
    assert {thing.__module__ for thing in registered().values()} == {module.__name__ for module in saving.KNOWN}


@pytest.mark.slow
@pytest.mark.parametrize("first", ["import keras, res3d", "import res3d, keras",
                                   *(pytest.param(code, marks=pytest.mark.slow) for code in (
                                       "from res3d.blocks import residual", "import res3d.saving",
                                       "import res3d, importlib.util\nimportlib.util.find_spec('keras')",
                                       "import res3d, tensorflow"))])
def test_keras_reads_a_model_whichever_is_imported_first(first, tmp_path):
    path = tmp_path / "model.keras"
    res3d.build("r3d_10", 3, ClipSpec(frames=4, height=32, width=32), width=0.125).save(path)
    code = (f"{first}\nimport sys, keras\nlight = 'res3d.networks.network' not in sys.modules\n"
            f"model = keras.saving.load_model({str(path)!r})\nprint(light, model.output_shape)")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "True (None, 3)"


def test_the_package_leaves_keras_alone():
    code = "import res3d, sys; print([name for name in ('keras', 'res3d.saving') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert result.stdout.strip() == "[]"

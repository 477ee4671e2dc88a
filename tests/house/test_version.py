"""The versions that a bug report begins with."""

import json
import pathlib
import shutil
import subprocess
import sys

import res3d
from res3d.commands.texts import version


def test_the_package_comes_first_and_nothing_needed_is_left_out():
    lines = dict(line.split(": ", 1) for line in version.report().splitlines())
    assert next(iter(lines)) == "res3d"
    assert lines["res3d"].startswith(res3d.__version__)
    assert {"python", "system", "keras backend", *version.NEEDED} <= lines.keys()
    assert lines["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")


def test_what_is_not_installed_is_said_if_it_is_needed(monkeypatch):
    monkeypatch.setattr(version, "installed", lambda name: None)
    said = version.report()
    assert "tensorflow: not installed" in said
    assert "jax" not in said


def test_the_backend_is_the_environments_then_keras_own_files_then_tensorflow(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert version.backend() == "tensorflow (default)"
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}), encoding="utf-8")
    assert version.backend() == "torch (keras.json)"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert version.backend() == "jax (KERAS_BACKEND)"
    (tmp_path / "keras.json").write_text("{", encoding="utf-8")
    monkeypatch.delenv("KERAS_BACKEND")
    assert version.backend() == "tensorflow (default)"


def test_a_driver_is_named_where_there_is_one(monkeypatch, tmp_path):
    driver = tmp_path / "version"
    driver.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  1.2.3\nGCC version: 4\n", encoding="utf-8")
    monkeypatch.setattr(version, "DRIVER", driver)
    assert "nvidia driver: NVIDIA UNIX x86_64 Kernel Module  1.2.3" in version.report().splitlines()


def test_an_installed_copy_in_a_checkout_of_something_else_has_no_revision(tmp_path):
    copy = tmp_path / "project" / ".venv" / "res3d"
    shutil.copytree(pathlib.Path(res3d.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path / "project")]
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "theirs"]):
        subprocess.run([*git, *words], check=True, timeout=60)
    code = f"import sys; sys.path.insert(0, {str(copy.parent)!r}); from res3d.training.revision import *; " \
           "import res3d; print(res3d.__file__, revision())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True,
                          cwd=tmp_path)
    assert said.stdout.split() == [str(copy / "__init__.py"), "None"]


def test_it_imports_nothing_heavy():
    code = ("import sys; from res3d.commands.texts.version import report; report(); "
            "print([name for name in ('tensorflow', 'keras', 'numpy', 'cv2') if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.strip() == "[]", result.stderr

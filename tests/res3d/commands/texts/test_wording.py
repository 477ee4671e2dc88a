"""What the system says of a file is said in full."""

import pytest

from res3d.commands import main as console
from res3d.commands.texts.wording import in_words


@pytest.mark.parametrize(("command", "said"), [
    (["import-weights", "FOLDER"], "Expected a file at 'FOLDER'. It is a folder. Name a file in it, or another path."),
    (["import-weights", "FOLDER/a"], "Expected a file or folder 'FOLDER/a'. There is none. Check the path."),
    (["import-weights", "FILE/a"], "Expected a folder at 'FILE/a' or above it. It is a file. Name another path."),
])
def test_paths_of_another_kind(command, said, tmp_path, capsys):
    (tmp_path / "file").touch()

    def named(text):
        return text.replace("FOLDER", str(tmp_path)).replace("FILE", str(tmp_path / "file"))

    assert console.main(list(map(named, command))) == 1
    assert capsys.readouterr().err == f"res3d import-weights: error: {named(said)}\n"


def test_a_backend_that_is_not_installed():
    said = in_words(ModuleNotFoundError("No module named 'jax'", name="jax"))
    assert said.startswith("Expected Keras's backend 'jax' to be installed, as KERAS_BACKEND")
    assert said.endswith("Install it, pip install jax, or set KERAS_BACKEND=tensorflow.")


def test_other_errors_speak_for_themselves():
    assert in_words(ValueError("wanted\n  this")) == "wanted this"
    assert in_words(OSError(5, "Input/output error", "a.avi")) == "a.avi: Input/output error"

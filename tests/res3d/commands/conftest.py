"""A small set of generated videos and a network trained on them for a moment, shared by the tests of the commands."""

import pytest

TINY = ["model.options.width=0.125", "clip.frames=4", "clip.stride=1", "clip.height=32", "clip.width=32",
        "clip.resize=32", "data.batch_size=8", "data.workers=2", "schedule.epochs=1", "schedule.warmup_epochs=0"]


@pytest.fixture(scope="session")
def motion(tmp_path_factory):
    """A folder SPLIT/CLASS/video: eight classes, two videos each to train on, one to validate."""
    from pipelines import synthetic

    folder = tmp_path_factory.mktemp("motion")
    synthetic.write(folder, train_per_class=2, val_per_class=1, frames=(12, 14))
    return folder


@pytest.fixture(scope="session")
def trained(motion, tmp_path_factory):
    """A work folder after one epoch; read it, do not write to it."""
    from res3d.commands.train import train
    from res3d.training.recipe import find_recipe

    folder = tmp_path_factory.mktemp("runs") / "trained"
    train(find_recipe("demo", TINY), motion, folder)
    return folder


@pytest.fixture(scope="session")
def tiny():
    """Settings that make the demo recipe a matter of seconds; do not change the list."""
    return TINY


@pytest.fixture
def console(capsys):
    """Runs a command as the console does: (exit code, stdout, stderr)."""
    from res3d.commands.main import main

    def run(*argv):
        code = main([str(arg) for arg in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run

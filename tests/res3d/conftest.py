"""A small set of generated videos and a network trained on them for a moment, shared by commands and workflows."""

import pytest

TINY = ["model.options.width=0.125", "clip.frames=4", "clip.stride=1", "clip.height=32", "clip.width=32",
        "clip.resize=32", "data.batch_size=8", "data.workers=2", "schedule.epochs=1", "schedule.warmup_epochs=0"]


@pytest.fixture(scope="session")
def motion(once):
    """A folder SPLIT/CLASS/video: eight classes, two videos each to train on, one to validate."""
    from pipelines import synthetic

    return once("motion", lambda folder: synthetic.write(folder, train_per_class=2, val_per_class=1, frames=(12, 14)))


@pytest.fixture(scope="session")
def trained(motion, once):
    """A work folder after one epoch; read it, do not write to it."""
    from res3d.training.recipe import find_recipe
    from res3d.workflows.train import train

    return once("trained", lambda folder: train(find_recipe("demo", TINY), motion, folder))


@pytest.fixture(scope="session")
def tiny():
    """Settings that make the demo recipe a matter of seconds; do not change the list."""
    return TINY


@pytest.fixture(scope="session")
def mirror(tmp_path_factory):
    """A folder that mirrors pytorchvideo's X3D-XS, filled by formula; read it, do not write to it."""
    import numpy as np

    from tests.golden import cases, formula, torch_layout

    folder = tmp_path_factory.mktemp("mirror")
    path = folder / "dl.fbaipublicfiles.com/pytorchvideo/model_zoo/kinetics/X3D_XS.pyth"
    path.parent.mkdir(parents=True)
    lines = bytes(np.load(cases.golden("pytorchvideo/x3d_xs"))["shapes"]).decode().splitlines()
    shapes = {key: tuple(map(int, shape)) for key, *shape in map(str.split, lines)}
    torch_layout.write_zip(path, {"model_state": formula.state_dict(shapes)})
    return folder


@pytest.fixture
def home(mirror, tmp_path, monkeypatch):
    """An empty cache, beside `mirror` as the only publisher."""
    monkeypatch.setenv("RES3D_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RES3D_MIRROR", str(mirror))
    monkeypatch.setenv("RES3D_OFFLINE", "")  # which a flag may set


@pytest.fixture
def console(capsys):
    """Runs a command as the console does: (exit code, stdout, stderr)."""
    from res3d.commands.main import main

    def run(*argv):
        code = main([str(arg) for arg in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="session")
def sick(trained, tmp_path_factory):
    """A work folder whose network gives NaN."""
    import shutil

    import numpy as np

    import res3d
    from res3d.training.workfolder import save_model

    folder = shutil.copytree(trained, tmp_path_factory.mktemp("runs") / "sick")
    model = res3d.load_model(folder / "best.keras")
    model.get_layer("logits").bias.assign(np.full(8, np.nan))
    save_model(model, folder / "best.keras")
    return folder


@pytest.fixture(scope="session")
def lists(motion, tmp_path_factory):
    """(folder of lists as UCF101's, folder of videos apart): classes `left` and `right`, two folds."""
    import shutil

    folder, videos = tmp_path_factory.mktemp("ucf"), tmp_path_factory.mktemp("elsewhere")
    rows = {"train": [], "test": []}
    for number, label in enumerate(("left", "right"), 1):
        (videos / label).mkdir()
        for source in sorted(motion.rglob(f"{label}/*.avi")):
            split = "test" if "val" in source.parts else "train"
            name = f"{label}/v_{label}_g{len(rows['train']):02d}_c{len(rows['test']):02d}.avi"
            shutil.copy(source, videos / name)
            rows[split].append(name + (f" {number}" if split == "train" else ""))
    (folder / "classInd.txt").write_text("1 left\r\n2 right\r\n")
    for fold, (first, second) in enumerate((("train", "test"), ("test", "train")), 1):
        for name, split in (("train", first), ("test", second)):
            (folder / f"{name}list{fold:02d}.txt").write_text(
                "".join(row.split()[0] + (f" {1 + row.startswith('right')}" if name == "train" else "") + "\r\n"
                        for row in rows[split]))
    return folder, videos

"""Writes what `test_unchanged.py` compares with: `python -m tests.house.pin [ROW ...]`.

Rows are pinned anew into `pins.json`: those named, or without names all. `--kept` first writes `pins/` anew; what lies
there was written by revision 8a1791b, and so proves that later versions read it.

    networks/   `res3d.build` at its smallest width, weights rounded to 1/64 so that they pack well
    run/        `res3d train --recipe=demo`, stopped by `--max_minutes` in its second epoch; without TensorBoard's logs
    records/    `res3d prepare` of `pipelines.synthetic` videos
    models/     two SavedModels of `tests/conformance/toys.py`

The `.keras` files are zip files, packed here once more with compression. In `run/run.json` the place of the data, the
command, revision and time are replaced: they tell of the machine.
"""

import argparse
import json
import pathlib
import shutil
import tempfile
import zipfile

import keras
import numpy as np

import res3d
from pipelines import synthetic
from res3d.commands.main import main
from tests.conformance import toys
from tests.house import rows as table
from tests.house import stage as stages
from tests.house.measures import TRAIN

HERE = pathlib.Path(__file__).resolve().parent
OPTIONS = {  # beside the width: few blocks, and what the strides of a network need
    "r2plus1d_18": {"depths": 1}, "kenshohara_preact_r3d_18": {"depths": 1, "frames": 8}, "slow_nl_r50": {"depths": 2},
    "x3d_s": {"depths": 1}, "r3d_rs_50": {"depths": 1}, "tsm_r50": {"depths": 1},
    "slowfast_r50_4x16": {"depths": 1, "frames": 8}}


def keep_networks(folder):
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in table.NETWORKS:
        options = dict(OPTIONS.get(name, {}))
        clip = res3d.ClipSpec(frames=options.pop("frames", 4), stride=2, height=32, width=32)
        keras.utils.set_random_seed(1)
        model = res3d.build(name, 3, clip, width=0.01, **options)
        for variable in model.variables:
            value = variable.numpy()
            if value.dtype.kind != "f":
                continue
            if variable.path.endswith(("gamma", "moving_variance")):  # far from the identity, and from zero
                value = random.uniform(0.5, 1.5, value.shape)
            elif value.ndim == 1:
                value = random.uniform(-0.5, 0.5, value.shape)
            elif value.ndim == 2:  # logits that tell clips apart
                value = random.uniform(-4, 4, value.shape)
            variable.assign(np.round(value * 64) / 64)
        model.save(folder / f"{name}.keras")
        pack(folder / f"{name}.keras")


def pack(path):
    """Compresses a zip file's members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)


def keep_run(folder, data):
    steps = 3
    for _ in range(steps + 1):  # each stops at the end of the step in which its time is up, the first
        assert main([*TRAIN, f"--data={data}", f"--workdir={folder}", "--max_minutes=1e-6"]) == 0
    shutil.rmtree(folder / "logs")
    for name in ("best.keras", "last.keras"):
        pack(folder / name)
    run = json.loads((folder / "run.json").read_text())
    run |= {"data": "/data/alike", "revision": "8a1791b", "started": "2000-01-01T00:00:00+00:00",
            "command": ["res3d", *TRAIN, "--data=/data/alike", "--workdir=run"]}
    (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n")


def keep_records(folder, aside):
    synthetic.write(aside, train_per_class=1, val_per_class=1, seed=3, frames=(8, 12))
    assert main(["prepare", str(aside), str(folder), "--clip=4x2x32", "--short_side=40", "--quality=80",
                           "--shard_clips=8", "--workers=1"]) == 0
    shutil.rmtree(folder / ".prepare", ignore_errors=True)


def keep_models(folder):
    toys.write_toys(folder / "toys/1")
    (folder / "toys/1/assets").rmdir()
    toys.write_tf1(folder / "old/1")


def keep(stage):
    """All of `pins/` anew."""
    shutil.rmtree(stages.KEPT, ignore_errors=True)
    stages.KEPT.mkdir()
    keep_networks(stages.KEPT / "networks")
    keep_run(stages.KEPT / "run", stage.alike)
    keep_records(stages.KEPT / "records", stage.folder / "motions")
    keep_models(stages.KEPT / "models")


def pin(stage, names, shared):
    """Measures rows and writes them beside those that stay."""
    pins = json.loads(stages.PINS.read_text(encoding="utf-8")) if names else {"rows": {}, "numbers": {}}
    if pins.setdefault("versions", stages.VERSIONS) != stages.VERSIONS:
        raise SystemExit(f"The other rows were pinned with {pins['versions']}. Received: {stages.VERSIONS}. Install "
                         "those, or pin all rows.")
    rows = {**table.ROWS, **table.SHARED_ROWS}
    for name in names or [*rows, *table.NUMBERS]:
        if name in table.NUMBERS:
            function, arguments = table.NUMBERS[name]
            pins["numbers"][name] = function(stage, **arguments)
            continue
        _, function, arguments = rows[name]
        more = {"shared": shared} if name in table.SHARED_ROWS else {}
        pins["rows"][name] = function(stage, **arguments, **more)
    stages.PINS.write_text(json.dumps(pins, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="ROW")
    parser.add_argument("--kept", action="store_true", help="write pins/ anew, too")
    parser.add_argument("--shared", type=pathlib.Path, default=HERE.parents[2] / "shared")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        everything = stages.Stage(pathlib.Path(aside))
        with everything.closing:
            if args.kept:
                keep(everything)
            pin(everything, args.names, args.shared.resolve())

"""What is measured of the stage, each by a function that tells it as lines, digests or numbers; `rows` says which."""

import contextlib
import csv
import hashlib
import json
import os
import re
import shutil

import grpc
import numpy as np
import tensorflow as tf

import pipelines
import res3d
from pipelines import augment
from res3d.commands.main import main
from serving.client import Client
from tests.house.stage import KEPT, frames


def digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


def said(array):
    """An array in one line: small numbers as they are, pixels by their hash."""
    array = np.asarray(array)
    if array.dtype == np.uint8:
        return f"{array.shape} {digest(array.tobytes())}"
    return str(array.tolist() if array.dtype.kind == "i" else (np.round(array.astype(float), 3) + 0.0).tolist())


def batches(dataset, epochs=1):
    """A line a batch, and a line a video left out."""
    lines = [" ".join(map(said, batch)) for _ in range(epochs) for batch in dataset.as_numpy_iterator()]
    return lines + sorted(f"left out: {os.path.basename(path)}" for path, _ in dataset.quarantine)


# Clips as large as the videos of ALIKE, and clips cut out of what MIXED and the records hold.
SAME = res3d.ClipSpec(frames=4, stride=2, height=24, width=32, resize=(24, 32))
CUT = res3d.ClipSpec(frames=4, stride=2, height=24, width=24, resize=28)
WIDE = CUT.replace(height=20, width=32, resize=26)
EXACT = CUT.replace(height=24, width=28, resize=(30, 40))
GREY = res3d.ClipSpec(frames=4, stride=2, height=24, width=24, resize=28, channels=1)


def training(stage, data="alike", clip=SAME, epochs=1, at=None, steps=None, mixed=None, **options):
    """Batches of `training_clips`; `steps` and `mixed` make the augmentation and the mixing."""
    options = {"batch_size": 3, "seed": 0, "split": "train", "workers": 1, **options}
    if steps is not None:
        options["augment"] = augment.chain(*steps())
    if mixed is not None:
        options["mix"] = mixed()
    dataset = pipelines.training_clips(stage.data(data), clip, **options)
    return batches(dataset if at is None else dataset.at(*at), epochs)


def evaluation(stage, data="alike", clip=SAME, **options):
    options = {"batch_size": 2, "split": "val", "workers": 1, **options}
    return batches(pipelines.evaluation_clips(stage.data(data), clip, **options))


def views(stage, protocol, data="mixed", clip=CUT, **options):
    options = {"split": "val", "workers": 1, **options}
    return batches(pipelines.evaluation_views(stage.data(data), clip, protocol, **options))


def augmented(stage, step, shape=(4, 20, 28, 3), seeds=8):
    """One step on one clip, with several seeds."""
    clip, step = tf.constant(frames(3, *shape[:3])[..., :shape[3]]), step()
    return [said(step(clip, tf.constant([seed, 7]))) for seed in range(seeds)]


def mixed_labels(stage, step):
    """A mixing step on a batch whose labels are zeros and ones already."""
    clips = np.stack([frames(number, 3, 16, 20) for number in range(4)])
    labels = np.float32([[1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    return [" ".join(map(said, step()(tf.constant(clips), tf.constant(labels), (seed, 3), 3))) for seed in range(4)]


def prepared_files(stage, data, *flags):
    """Name and hash of every file that `res3d prepare` leaves."""
    out = stage.prepare(data, *flags)
    return [f"{path.relative_to(out).as_posix()} {digest(path.read_bytes())}" for path in sorted(out.rglob("*"))
            if path.is_file()]


def read_by_foreign_hands(stage, name):
    """The records of a shard, framing taken off by TensorFlow."""
    return [digest(record) for record in tf.data.TFRecordDataset(str(KEPT / "records" / name)).as_numpy_iterator()]


def manifest_rows(manifest, folder):
    """A line an entry, paths below `folder`."""
    lines = [f"labels {manifest.labels} multi_label {manifest.multi_label} splits {manifest.splits}"]
    for entry in manifest:
        fields = entry.labels, entry.start, entry.end, entry.split, entry.num_frames, entry.first_frame
        lines.append(f"{os.path.relpath(entry.path, folder)} {fields}")
    return lines + [f"missing {row.path} {row.split}" for row in manifest.missing]


def annotated(stage, name, shared):
    """The rows of an annotation file: with none of its videos there, and with all of them."""
    folder = stage.folder / "annotated" / name.replace("/", " ")
    folder.mkdir(parents=True)
    nothing = pipelines.read_manifest(shared / "annotations" / name, videos=folder, strict=False)
    for row in nothing.missing:
        path = folder / row.path
        if "rawframe" in name:
            path.mkdir(parents=True, exist_ok=True)
            for number in range(40):
                (path / f"img_{number:05d}.jpg").touch()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        (path if path.suffix else path.with_name(f"{path.name}.mp4")).touch()
    everything = pipelines.read_manifest(shared / "annotations" / name, videos=folder)
    return [f"{len(manifest)} of {len(manifest) + len(manifest.missing)} rows, {len(manifest.labels)} labels "
            + digest("\n".join(manifest_rows(manifest, folder)).encode()) for manifest in (nothing, everything)]


def read_rows(stage, data, **options):
    return manifest_rows(pipelines.read_manifest(stage.data(data), **options), stage.folder)


REAL = ("action/ucf101_Archery.avi", "action/ssv2_166766.mp4", "odd/vfr_cradle.gif", "odd/rotate_90_1frame.mp4",
        "odd/qcif_carphone.mp4", "derived/baseball_gray_ffv1.mkv")
SMALL = res3d.ClipSpec(frames=4, stride=2, height=56, width=56, resize=64)


def real_clips(stage, shared, kind="training", clip=SMALL, **options):
    """Clips of the real videos."""
    path = stage.folder / "real.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *((shared / "clips" / name, name) for name in REAL)])
    make = {"training": pipelines.training_clips, "evaluation": pipelines.evaluation_clips,
            "views": pipelines.evaluation_views}[kind]
    return batches(make(path, clip, workers=2, **options))


def probed(stage, shared, name):
    info = pipelines.probe(shared / "clips" / name)
    return [f"{info.width}x{info.height} {info.num_frames} frames {info.fps:.6g} fps {info.codec} {info.container} "
            + digest(np.asarray(info.times_us, np.int64).tobytes())]


def asked(stage, path, body=None):
    """Status, type and body of an answer over HTTP, byte for byte."""
    path = f"/v1/models/{path}"
    body = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    answer = stage.http.get(path) if body is None else stage.http.post(path, content=body)
    return [f"{answer.status_code} {answer.headers['content-type']}", answer.content.decode("latin-1")]


def told(stage, model):
    """The metadata of a model.

    TensorFlow's messages keep their maps in no order, so here keys are sorted; and it numbers the tensors inside an
    export as it likes.
    """
    head, body = asked(stage, f"{model}/metadata")
    return [head, re.sub(r"(Stateful)?PartitionedCall(_\d+)?:", "call:", json.dumps(json.loads(body), sort_keys=True))]


def field(number, content):
    """A field of a message: bytes, with their length before them."""
    return bytes([number << 3 | 2, len(content)]) + content


def spec(name, signature=""):
    return field(1, field(1, name) + (field(3, signature) if signature else b""))


def tensor(values):
    values = np.float32(values)
    return b"\x08\x01" + field(2, field(2, bytes([8, values.size]))) + field(4, values.tobytes())


def examples(*values):
    """An Input of examples whose feature `x` is one float."""
    features = (field(1, field(1, b"x") + field(2, field(2, field(1, np.float32([value]).tobytes()))))
                for value in values)
    return field(2, field(1, b"".join(field(1, field(1, feature)) for feature in features)))


def called(stage, method, request):
    """The bytes of an answer over gRPC, or its status."""
    assert stage.http is not None, "the server answers"
    with grpc.insecure_channel(f"127.0.0.1:{stage.ports[0]}") as channel:
        try:
            return [channel.unary_unary(f"/tensorflow.serving.{method}")(request, timeout=30).hex()]
        except grpc.RpcError as error:
            return [error.code().name, error.details()]


def client_classifies(stage, scheme):
    """What the client says of a video, scores to three digits."""
    assert stage.http is not None, "the server answers"
    port = stage.ports[scheme == "http"]
    with Client(f"{scheme}://127.0.0.1:{port}/actions", encoding="raw") as client:
        best = client.classify(stage.mixed / "val/run/g.mkv", top=3, views=2)
        return [f"{client.clip}", f"{client.labels}", *(f"{row['label']} {row['score']:.3f}" for row in best)]


def logits(stage, name):
    """A kept network's logits for a dark clip and a bright one."""
    model = res3d.load_model(KEPT / f"networks/{name}.keras")
    clip = res3d.clip_of(model)
    pixels = frames(5, *clip.shape[:3])
    scores = np.asarray(model(np.stack([pixels // 4, 255 - pixels // 2]), training=False))
    return {f"{row} {column}": float(value) for (row, column), value in np.ndenumerate(scores)}


def work_folder(stage, name):
    """A copy of the kept work folder: it stopped within its second epoch."""
    folder = stage.folder / name
    shutil.copytree(KEPT / "run", folder)
    return folder


TRAIN = ("train", "--recipe=demo", *(f"--set={setting}" for setting in (
    "model.options={width: 0.01}", "clip.frames=4", "clip.height=24", "clip.width=32", "clip.resize=[24, 32]",
    "data.batch_size=3", "data.workers=1", "schedule.epochs=2", "schedule.warmup_epochs=0", "optimizer.rate=0.02")))


def resumed(stage):
    """The history of the kept run once it has been trained to its end."""
    folder = work_folder(stage, "resumed")
    assert main([*TRAIN, f"--data={stage.alike}", f"--workdir={folder}"]) == 0
    with open(folder / "history.csv", newline="") as file:
        return {f"{number} {name}": float(value) for number, row in enumerate(csv.DictReader(file))
                for name, value in row.items()}


def evaluated(stage):
    """The scores that `res3d evaluate` gives the kept run."""
    folder = work_folder(stage, "evaluated")
    assert main(["evaluate", f"--workdir={folder}", f"--data={stage.alike}", "--protocol=sliding_16"]) == 0
    metrics = json.loads((folder / "metrics.json").read_text())
    found = {name: metrics[name] for name in ("top1", "mean_class_accuracy", "videos", "skipped", "padded")}
    with open(folder / "predictions.csv", newline="") as file:
        for row in csv.DictReader(file):
            video = os.path.basename(row["video"])
            for name, value in row.items():
                with contextlib.suppress(ValueError):
                    found[f"{video} {name}"] = float(value)
    return found

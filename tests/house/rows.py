"""The rows that are pinned: of what is measured, with what arguments, and which packages decide what comes of it."""

import keras

from pipelines import augment
from tests.house.measures import (
    CUT,
    EXACT,
    GREY,
    REAL,
    SAME,
    SMALL,
    WIDE,
    annotated,
    asked,
    augmented,
    called,
    client_classifies,
    evaluated,
    evaluation,
    examples,
    field,
    logits,
    mixed_labels,
    prepared_files,
    probed,
    read_by_foreign_hands,
    read_rows,
    real_clips,
    resumed,
    spec,
    tensor,
    told,
    training,
    views,
)
from tests.house.stage import CV, KERAS, LABELS, TF

# Rows: {name: (packages that decide, function, arguments)}.
ROWS = {}


def rows(title, needs, function, cases):
    ROWS.update({f"{title}: {name}": (needs, function, arguments) for name, arguments in cases.items()})


rows("training", (), training, {
    "plain": {"epochs": 2}, "two workers": {"workers": 2, "epochs": 2}, "seed": {"seed": 41},
    "start_epoch and start_step": {"start_epoch": 2, "start_step": 1, "epochs": 2}, "at": {"at": (1, 1)},
    "drop_remainder": {"drop_remainder": True}, "one a batch, stride 5": {
        "batch_size": 1, "clip": SAME.replace(stride=5)},
    "clips_per_video, started within a video": {"clips_per_video": 2, "start_step": 1},
    "balanced": {"balanced": True, "epochs": 2}, "balanced shard, seed, two workers": {
        "shard": (1, 3), "balanced": True, "seed": 5, "workers": 2},
    "first shard of two": {"shard": (0, 2)}, "second shard of two": {"shard": (1, 2)},
    "shard, clips_per_video, drop_remainder": {"shard": (0, 2), "clips_per_video": 2, "drop_remainder": True},
    "short loop, all splits, labels in another order": {
        "policy": "loop", "clip": SAME.replace(frames=6), "split": None, "labels": ["sit", "hop", "run"]},
    "short repeat_last": {"clip": SAME.replace(frames=6)},
    "short error": {"policy": "error", "clip": SAME.replace(frames=6)},
    "one frame": {"clip": SAME.replace(frames=1, stride=1)},
    "fps 12.5, stride 2": {"clip": SAME.replace(fps=12.5)}, "fps 50": {"clip": SAME.replace(fps=50.0)},
    "several labels": {"data": "several"},
    "parts, fps, clips_per_video": {"data": "parts", "clip": SAME.replace(fps=20.0), "clips_per_video": 3},
    "flip": {"steps": lambda: [augment.random_flip(0.8, labels=LABELS)]}})
rows("evaluation", (), evaluation, {
    "plain": {}, "training split, two workers": {"split": "train", "workers": 2, "batch_size": 3},
    "shard": {"shard": (1, 2), "split": None}, "several labels": {"data": "several"}, "parts": {"data": "parts"},
    "labels": {"labels": ["sit", "run", "hop"]}, "fps": {"clip": SAME.replace(fps=7.5)}})

rows("views, fps 25", (), views, {
    protocol: {"protocol": protocol, "data": "alike", "clip": SAME.replace(fps=25.0, frames=6)} for protocol in (
        "centre", "slowfast_10x3", "garden_10x3", "mmaction_10x3", "torchvision_5", "sliding_16", "full_video")})
rows("views", (), views, {
    "shard": {"protocol": "sliding_16", "data": "alike", "clip": SAME, "split": "train", "shard": (1, 2)},
    "several labels": {"protocol": "torchvision_5", "data": "several", "clip": SAME},
    "parts": {"protocol": "mmaction_10x3", "data": "parts", "clip": SAME, "split": None}})
rows("views, sizes", CV, views, {
    "tsn_25x10": {"protocol": "tsn_25x10", "clip": CUT.replace(frames=1, stride=1)},
    "slowfast_10x3, two workers": {"protocol": "slowfast_10x3", "clip": CUT, "workers": 2},
    "garden_10x3, exact": {"protocol": "garden_10x3", "clip": EXACT.replace(fps=10.0)}})
rows("views, records", TF, views, {
    protocol: {"protocol": protocol, "data": "records", "clip": CUT.replace(frames=3)} for protocol in (
        "mmaction_10x3", "full_video")})

rows("training, sizes", CV, training, {
    name: {"data": "mixed", **arguments} for name, arguments in {
        "random crop": {"clip": CUT}, "two workers": {"clip": CUT, "workers": 2}, "wide": {"clip": WIDE},
        "centre crop": {"clip": CUT, "crop": "centre"}, "exact": {"clip": EXACT},
        "exact, centre": {"clip": EXACT, "crop": "centre"},
        "scaled up": {"clip": CUT.replace(height=64, width=64, resize=72)},
        "fps": {"clip": CUT.replace(fps=15.0), "clips_per_video": 2}, "grey": {"clip": GREY}}.items()})
rows("evaluation, sizes", CV, evaluation, {
    "cut": {"data": "mixed", "clip": CUT}, "wide": {"data": "mixed", "clip": WIDE}, "exact": {
        "data": "mixed", "clip": EXACT}, "grey": {"data": "mixed", "clip": GREY}})

# A chain that begins with a crop replaces the clip's own; what stands further back runs in the graph.
CHAINS = {
    "random_resized_crop": lambda: [augment.random_resized_crop(24)],
    "short_side_jitter": lambda: [augment.short_side_jitter(24, short_side=(26, 40)), augment.random_flip()],
    "whole pictures": lambda: [augment.resize_short_side(30), augment.random_crop(24)],
    "in the graph": lambda: [augment.random_flip(), augment.random_resized_crop(24), augment.color_jitter(hue=0.1)],
    "the usual": lambda: [augment.random_resized_crop(24, scale=(0.3, 1.0)), augment.random_flip(),
                          augment.random_erasing(0.5)]}
MIXING = {"mixup": lambda: augment.mixup(0.8), "cutmix": lambda: augment.cutmix(1.0),
          "mixup_or_cutmix": lambda: augment.mixup_or_cutmix(0.4, 0.7),
          "either": lambda: augment.either(augment.cutmix(0.5), augment.mixup(1.0), 0.3)}
rows("training, augmented", TF, training, {name: {"data": "mixed", "clip": CUT, "steps": steps}
                                          for name, steps in CHAINS.items()})
rows("training, mixed", TF, training, {
    "mixup": {"mixed": MIXING["mixup"], "epochs": 2}, "mixup_or_cutmix": {"mixed": MIXING["mixup_or_cutmix"]},
    "cutmix, started late": {"mixed": MIXING["cutmix"], "workers": 2, "start_epoch": 1, "start_step": 1},
    "several labels": {"data": "several", "mixed": MIXING["either"], "steps": lambda: [augment.random_erasing(1.0)]}})
rows("step", TF, augmented, {
    "random_resized_crop": {"step": lambda: augment.random_resized_crop(16, 22)},
    "short_side_jitter": {"step": lambda: augment.short_side_jitter(16, short_side=(18, 30))},
    "random_crop": {"step": lambda: augment.random_crop(16, 12)},
    "resize_short_side": {"step": lambda: augment.resize_short_side(13)},
    "centre_crop": {"step": lambda: augment.centre_crop(11, 14)},
    "random_flip": {"step": lambda: augment.random_flip(0.3)},
    "color_jitter": {"step": lambda: augment.color_jitter(0.5, 0.6, 0.7, 0.2)},
    "color_jitter, grey": {"step": augment.color_jitter, "shape": (4, 20, 28, 1)},
    "random_erasing": {"step": lambda: augment.random_erasing(0.7)},
    "random_erasing, filled": {"step": lambda: augment.random_erasing(1.0, (0.1, 0.4), (0.5, 2.0), fill=128)},
    "rand_augment": {"step": augment.rand_augment, "seeds": 40},
    "rand_augment, weak": {"step": lambda: augment.rand_augment(4, 3.57), "seeds": 20},
    "rand_augment, grey": {"step": lambda: augment.rand_augment(3, 9.37), "shape": (4, 20, 28, 1), "seeds": 20},
    "chain": {"step": lambda: augment.chain(augment.random_crop(18), augment.chain(augment.random_flip(),
                                                                                  augment.random_erasing()))}})
rows("step", KERAS, augmented, {
    "keras_layer, channels": {"step": lambda: augment.keras_layer(keras.layers.RandomRotation(0.1), "channels")},
    "keras_layer, height": {"step": lambda: augment.keras_layer(keras.layers.RandomBrightness(0.3), "height")}})
rows("step", TF, mixed_labels, {f"{name}, several labels": {"step": step} for name, step in MIXING.items()})

rows("training, records", TF, training, {
    name: {"data": "records", "clip": CUT, **arguments} for name, arguments in {
        "plain": {}, "two workers": {"workers": 2}, "seed, clips_per_video, started late": {
            "seed": 9, "clips_per_video": 3, "start_epoch": 2, "start_step": 1},
        "balanced shard, drop_remainder": {"balanced": True, "shard": (1, 2), "drop_remainder": True},
        "exact, centre": {"clip": EXACT, "crop": "centre"}, "wide": {"clip": WIDE}, "grey": {"clip": GREY},
        "fps": {"clip": CUT.replace(fps=9.0, height=64, width=64)},
        "short loop": {"clip": CUT.replace(stride=3), "policy": "loop"},
        "short error": {"clip": CUT.replace(stride=3), "policy": "error"},
        "random_resized_crop": {"steps": CHAINS["random_resized_crop"]},
        "short_side_jitter, mixup": {"steps": CHAINS["short_side_jitter"], "mixed": MIXING["mixup"]},
        "whole pictures": {"steps": CHAINS["whole pictures"]}}.items()})
rows("training, prepared", TF, training, {"balanced, clips_per_video": {
    "data": "prepared", "clip": CUT.replace(resize=24), "balanced": True, "clips_per_video": 2}})
rows("evaluation, records", TF, evaluation, {
    "two workers, shard": {"data": "records", "clip": CUT, "workers": 2, "shard": (1, 2), "split": None},
    "exact, grey": {"data": "records", "clip": EXACT.replace(channels=1)}})

rows("prepare", CV, lambda stage, flags: prepared_files(stage, *flags), {
    "whole videos": {"flags": ("mixed", "--clip=4x2x24", "--short_side=28", "--quality=85", "--shard_clips=3")},
    "parts of videos, fps, a split": {"flags": (
        "mixed", "--clip=2x1x16", "--short_side=20", "--quality=60", "--frames_per_record=5", "--fps=10",
        "--shard_clips=4", "--split=train")},
    "parts, several labels": {"flags": ("several", "--clip=4x2x24", "--quality=90", "--shard_clips=128")}})
rows("records", (), read_by_foreign_hands, {
    name: {"name": name} for name in ("train-00000-of-00001.tfrecord", "val-00000-of-00001.tfrecord")})
rows("manifest", (), read_rows, {
    "folders": {"data": "alike"}, "a split": {"data": "mixed", "split": "validation"}, "parts": {"data": "parts"},
    "several labels": {"data": "several", "labels": ["sit", "run", "hop"]}})

rows("REST", (), asked, {
    "row": {"path": "toys:predict", "body": {"instances": [1, 2.5, 0.1, 1e10, 123456.7, 1e-7]}},
    "row of named values": {"path": "toys:predict", "body": {
        "signature_name": "two_inputs", "instances": [{"a": 1.0, "b": 2.0}, {"b": 5.0, "a": 3.0}]}},
    "column": {"path": "toys:predict", "body": {"inputs": {"x": [1.0, 2.0]}}},
    "columns": {"path": "toys/versions/1:predict", "body": {
        "signature_name": "two_inputs", "inputs": {"a": [1.0, 2.0], "b": [1.0]}}},
    "matrix": {"path": "toys:predict", "body": {"signature_name": "matrix", "instances": [[1, 2, 3], [4, 5, 6]]}},
    "strings": {"path": "toys:predict", "body": {
        "signature_name": "text", "instances": ["hé\n\"", {"b64": "aGk="}]}},
    "not finite": {"path": "toys:predict", "body": b'{"instances": [NaN, Infinity, -Infinity, 1e39, -0.0]}'},
    "doubles": {"path": "toys:predict", "body": {"signature_name": "echo_float64", "instances": [0.1, 1e300]}},
    "classify": {"path": "toys:classify", "body": {
        "signature_name": "classify", "examples": [{"x": 2.0}, {"x": [4.5]}]}},
    "classify without classes": {"path": "old:classify", "body": {
        "signature_name": "classify", "context": {"x": 6.0}, "examples": [{}]}},
    "regress": {"path": "toys:regress", "body": {"signature_name": "regress", "examples": [{"x": 2.0}, {"x": 4.5}]}},
    "status": {"path": "toys"}, "status of a version": {"path": "old/versions/1"},
    "unknown model": {"path": "nobody:predict", "body": {"instances": [1.0]}},
    "unknown version": {"path": "toys/versions/99"}, "unknown method": {"path": "toys:explain", "body": {}},
    "no JSON": {"path": "toys:predict", "body": b'{"instances": [1.0'},
    "unknown signature": {"path": "toys:predict", "body": {"signature_name": "nothing", "instances": [1.0]}},
    "wrong type": {"path": "toys:predict", "body": {"instances": ["x"]}},
    "wrong shape": {"path": "toys:predict", "body": {"signature_name": "matrix", "instances": [[1.0], [2.0, 3.0]]}},
    "missing input": {"path": "toys:predict", "body": {"signature_name": "two_inputs", "instances": [{"a": 1.0}]}},
    "no examples": {"path": "toys:classify", "body": {"signature_name": "classify", "examples": []}}})
rows("REST, metadata", (), told, {"many signatures": {"model": "toys"}, "TensorFlow 1": {"model": "old"}})
rows("REST, metadata", TF, told, {"an export": {"model": "actions"}})
rows("gRPC", (), called, {
    name: {"method": f"PredictionService/{method}", "request": request} for name, method, request in (
        ("predict", "Predict", spec(b"toys") + field(2, field(1, b"x") + field(2, tensor([1, 2.5, 0.1])))),
        ("classify", "Classify", spec(b"toys", b"classify") + examples(2, 4.5)),
        ("regress", "Regress", spec(b"old", b"regress") + examples(2, 4.5)),
        ("unknown model", "Predict", spec(b"nobody")), ("unknown signature", "Predict", spec(b"toys", b"nothing")),
        ("missing input", "Predict", spec(b"toys")), ("no metadata field", "GetModelMetadata", spec(b"toys")))})
rows("gRPC", (), called, {
    "status": {"method": "ModelService/GetModelStatus", "request": spec(b"toys")},
    "status of an unknown model": {"method": "ModelService/GetModelStatus", "request": spec(b"nobody")}})
rows("client", TF, client_classifies, {scheme: {"scheme": scheme} for scheme in ("grpc", "http")})

# Rows that read the real files.
SHARED_ROWS = {
    **{f"annotations: {name}": ((), annotated, {"name": name}) for name in (
        "kinetics/kinetics400_val_one_per_class.csv", "kinetics/kinetics400_val_awkward_rows.csv",
        "kinetics/kinetics400_test_head.csv", "kinetics/kinetics600_val_head.csv", "ucf101/trainlist01.head.txt",
        "ucf101/testlist01.head.txt", "ucf101", "ucf101/ucf101_01.3d-resnets.sample.json",
        "hmdb51/cartwheel_test_split1.txt", "hmdb51", "something-something-v2/train.sample.json",
        "something-something-v2/test-answers.sample.csv", "something-something-v2", "jester/jester-v1-train.head.csv",
        "jester/jester-v1-train.comma.head.csv", "jester/trainlist.indexed.head.txt",
        "mmaction2-forms/video_test_list.txt", "mmaction2-forms/video_test_list_multi_label.txt",
        "mmaction2-forms/rawframe_test_list.txt", "mmaction2-forms/rawframe_test_list_multi_label.txt",
        "mmaction2-forms/rawvideo_test_anno.json", "mmaction2-forms/hvu_video_test_anno.json",
        "mmaction2-forms/action_test_anno.json")},
    **{f"probe: {name}": (CV, probed, {"name": name}) for name in REAL},
    "real clips: training, fps": (CV, real_clips, {"batch_size": 3, "clips_per_video": 2,
                                                  "clip": SMALL.replace(fps=15.0)}),
    "real clips: evaluation": (CV, real_clips, {"kind": "evaluation", "batch_size": 6}),
    "real clips: views": (CV, real_clips, {"kind": "views", "protocol": "garden_10x3",
                                          "clip": SMALL.replace(fps=12.0, height=32, width=32, resize=36)})}


# What is compared as numbers, within a tolerance: {name: (function, arguments)}.
NETWORKS = ("r3d_10", "r2plus1d_18", "kenshohara_preact_r3d_18", "slow_nl_r50", "x3d_s", "r3d_rs_50", "tsm_r50",
            "slowfast_r50_4x16")
NUMBERS = {**{f"network: {name}": (logits, {"name": name}) for name in NETWORKS},
           "run: resumed": (resumed, {}), "run: evaluated": (evaluated, {})}

# Of rows with these titles, which take most of the time, those named here are quick and the others slow.
COSTLY = {"training", "training, sizes", "training, augmented", "training, mixed", "training, records",
          "training, prepared", "evaluation, records", "views", "views, fps 25", "views, sizes", "views, records",
          "prepare", "real clips", "network", "run"}
TELLING = {
    "training: plain", "training: balanced shard, seed, two workers", "training: parts, fps, clips_per_video",
    "training: clips_per_video, started within a video", "training, sizes: random crop",
    "training, sizes: exact, centre", "training, augmented: short_side_jitter", "training, mixed: cutmix, started late",
    "training, records: plain", "training, records: fps", "views: parts", "views, fps 25: mmaction_10x3",
    "views, fps 25: garden_10x3", "views, sizes: tsn_25x10", "views, records: full_video",
    "prepare: parts of videos, fps, a split", "real clips: evaluation", "network: r3d_10", "network: x3d_s",
    "run: evaluated"}

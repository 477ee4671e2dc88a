"""Each row of the table is recognised by its file's name, by its place in the cache, and by its tensors alone."""

import functools
import re

import pytest

from res3d.geometry import preset
from res3d.networks.variants.table import VARIANTS
from res3d.weights.catalogue.table import find_weights, published
from res3d.weights.sources import recognise
from res3d.weights.store.places import file_of, place
from tests.res3d.weights.test_recognise import checkpoint

FOLDERS = {"torchvision": ("torchvision", "torchvision_image"), "timm": ("torchvision_image",), "vmz": ("vmz",),
           "ig65m": ("vmz",), "pytorchvideo": ("pytorchvideo",), "pytorchvideo_pysf": ("pytorchvideo",),
           "tsm": (), "pyslowfast": ("pyslowfast",), "mmaction2": ("mmaction2",), "mmaction2_0x": ("mmaction2",)}
SAME = {"slow_r50_4x16": "slow_r50", "x3d_xs": "x3d_m", "x3d_s": "x3d_m", "resnet_50": "c2d_nopool_r50"}
MMACTION = ((r"^conv1\.", "conv1.conv."), (r"^bn1\.", "conv1.bn."), (r"\.conv(\d)\.", r".conv\1.conv."),
            (r"\.bn(\d)\.", r".conv\1.bn."), (r"downsample\.0", "downsample.conv"), (r"downsample\.1", "downsample.bn"))


def deeper(shapes):
    """X3D-L's tensors under PySlowFast's names, out of X3D-M's."""
    more = dict(shapes)
    for stage, count in enumerate((5, 10, 25, 15), 2):
        last = max(int(key.split("res")[1].split(".")[0]) for key in shapes if key.startswith(f"s{stage}.pathway0_res"))
        for block in range(last + 1, count):
            more |= {key.replace(f"_res{last}.", f"_res{block}."): shape for key, shape in shapes.items()
                     if key.startswith(f"s{stage}.pathway0_res{last}.")}
    return more


def clip_of(found):
    """The clip that was found: its own, a preset, or that of the network."""
    clip = found.clip if found.clip is not None else VARIANTS[found.model].native_clip
    return preset(clip) if isinstance(clip, str) else clip


def renamed(shapes, row):
    """torchvision's tensors under the names of TSM's repository, or of timm's pre-activation networks."""
    head = {"weight": (row.classes, shapes["fc.weight"][1]), "bias": (row.classes,)}
    body = {key: shape for key, shape in shapes.items() if not key.startswith("fc.")}
    if row.source == "tsm":
        shift = (r"(layer\d\.\d+\.conv1)\.", r"\1.net.") if row.network.startswith("tsm") else ("$^", "")
        return {"base_model." + re.sub(*shift, key): shape for key, shape in body.items()} | {
            f"new_fc.{leaf}": shape for leaf, shape in head.items()}
    names = ((r"^conv1\.", "stem.conv."), (r"^bn1\.", "norm."), (r"downsample\.0", "downsample.conv"),
             (r"^layer(\d)\.", lambda found: f"stages.{int(found[1]) - 1}."), (r"^(stages\.\d)\.", r"\1.blocks."),
             (r"\.bn(\d)\.", r".norm\1."))
    for pattern, theirs in names:
        body = {re.sub(pattern, theirs, key): shape for key, shape in body.items() if "downsample.1" not in key}
    return body | {f"head.fc.{leaf}": (*shape, 1, 1) if leaf == "weight" else shape for leaf, shape in head.items()}


@pytest.fixture(scope="session")
def made_up(cases, shapes_of):
    """{key: shape} of a row's file, out of the goldens of its source."""
    shapes_of = functools.cache(shapes_of)

    def find(folders, network):
        return next((name for name, case in cases.CASES.items() if name.split("/")[0] in folders
                     and case.model == network), None)

    def make(row):
        name = find(FOLDERS[row.source], row.network)
        if row.source == "tsm" or row.network.endswith("_v2"):
            return renamed(shapes_of(find(("torchvision_image",), "resnet_" + re.search(r"\d+", row.network)[0])), row)
        if name is None and row.source.startswith("mmaction2"):  # pictures, under mmaction2's names
            shapes = dict(shapes_of(find(("torchvision_image",), row.network)))
            head = {f"cls_head.fc_cls.{leaf}": shapes.pop(f"fc.{leaf}") for leaf in ("weight", "bias")}
            for pattern, ours in MMACTION:
                shapes = {re.sub(pattern, ours, key): shape for key, shape in shapes.items()}
            shapes = {f"backbone.{key}": shape for key, shape in shapes.items()} | head
        elif name is None and row.network == "x3d_l":
            shapes = deeper(shapes_of("pyslowfast/x3d_m"))
        else:
            shapes = shapes_of(name or find(FOLDERS[row.source], SAME[row.network]))
        head = next(key for key in reversed(shapes) if len(shapes[key]) == 2)
        bias = head.replace("weight", "bias")
        return {**shapes, head: (row.classes, shapes[head][1]), **({bias: (row.classes,)} if bias in shapes else {})}

    return make


@pytest.mark.slow
def test_by_name_and_by_place(made_up):
    for row in published():
        shapes = made_up(row)
        placed = recognise(checkpoint(shapes, str(place(row.address).file)))
        assert placed.row is row, row.name
        if file_of(row.address) != "model.safetensors":
            named = recognise(checkpoint(shapes, f"/downloads/{file_of(row.address)}"))
            assert (named.model, named.clip, named.classes) == (row.network, row.clip, row.classes), row.name


@pytest.mark.slow
def test_by_tensors_alone(made_up):
    for row in published():
        found = recognise(checkpoint(made_up(row), "mine.pth"))
        assert found.row is None
        assert found.classes == row.classes, row.name
        assert VARIANTS[found.model].params == VARIANTS[row.network].params, row.name


@pytest.mark.parametrize(("row", "fields"), [
    ("slow_r50/pytorchvideo/ssv2", {"channel_order": "BGR", "sampling": "segments", "frames": 8}),
    ("slowfast_r50_8x8/pytorchvideo/ssv2", {"channel_order": "BGR", "sampling": "segments", "frames": 32}),
    ("slow_r50/pytorchvideo/charades", {"channel_order": "BGR", "sampling": "dense", "stride": 8}),
    ("slowfast_r50_8x8/pyslowfast/ssv2", {"channel_order": "RGB", "sampling": "segments"}),
    ("tsm_r50/mmaction2/ssv2", {"sampling": "segments", "frames": 8, "mean": (123.675, 116.28, 103.53)}),
    ("tsm_r50/tsm/ssv2", {"sampling": "segments", "frames": 8, "mean": (0.485, 0.456, 0.406)}),
    ("resnet_50/mmaction2_0x/ucf101", {"sampling": "segments", "mean": (123.675, 116.28, 103.53)}),
    ("vmz_r2plus1d_152/vmz/ig65m_kinetics400", {"height": 112, "frames": 32}),
    ("resnet_50/pyslowfast/imagenet1k", {"mean": (0.485, 0.456, 0.406), "frames": 1}),
])
def test_clips_of_files_that_were_renamed(row, fields, made_up):
    row = find_weights(row)
    found = recognise(checkpoint(made_up(row), "mine.pth"))
    clip = clip_of(found)
    assert {name: getattr(clip, name) for name in fields} == fields
    assert {name: getattr(row.clip, name) for name in fields} == fields


@pytest.mark.parametrize(("file", "fields"), [
    ("ircsn_bnfrozen_r50_32x2x1_180e.pth", {"mean": (123.675, 116.28, 103.53)}),
    ("ircsn_from_scratch_r50_32x2x1_180e.pth", {"mean": (110.2008, 100.63983, 95.99475)}),
])
def test_scaling_of_separated_networks(file, fields, shapes_of):
    clip = clip_of(recognise(checkpoint(shapes_of("mmaction2/ircsn_r50"), file)))
    assert {name: getattr(clip, name) for name in fields} == fields


@pytest.mark.parametrize(("file", "fields"), [
    ("slowonly_mine_8x4x1_64e_hmdb51_rgb.pth", {"frames": 8, "stride": 4}),
    ("slowonly_mine_4x16x1_256e.pth", {"frames": 4, "stride": 16}), ("mine.pth", {"frames": 8, "stride": 8}),
])
def test_slow_clips_are_those_of_the_name(file, fields, shapes_of):
    clip = clip_of(recognise(checkpoint(shapes_of("mmaction2/slowonly_r50_4x16"), file)))
    assert {name: getattr(clip, name) for name in fields} == fields


def test_shifted_clips_are_those_of_the_name(shapes_of):
    shapes = shapes_of("mmaction2/tsm_r50")
    clip = recognise(checkpoint(shapes, "tsm_mine_dense_1x1x8_50e.pth")).clip
    assert (clip.sampling, clip.frames, clip.stride) == ("dense", 8, 8)
    clip = recognise(checkpoint(shapes, "tsm_mine_1x1x16_50e.pth")).clip
    assert (clip.sampling, clip.frames) == ("segments", 16)


def test_flow_is_no_picture(shapes_of):
    shapes = shapes_of("mmaction2/slowonly_r50_4x16")
    stem = next(key for key in shapes if key.endswith("conv1.conv.weight") and "layer" not in key)
    found = recognise(checkpoint({**shapes, stem: (64, 2, 1, 7, 7)}, "slowonly_8x8x1_kinetics400_flow.pth"))
    assert (found.clip.channels, found.clip.mean, found.clip.std) == (2, (128.0,) * 2, (128.0,) * 2)


def test_networks_that_only_look_like_ours(shapes_of, made_up):
    blocks = {"backbone.layer2.0.non_local_block.g.conv.weight": (256, 512, 1, 1, 1)}
    assert recognise(checkpoint(shapes_of("mmaction2/slowonly_r50_4x16") | blocks)).model is None
    shapes = shapes_of("pyslowfast/slowfast_r50") | {"s4.pathway0_nonlocal6.conv_g.weight": (512, 1024, 1, 1, 1)}
    assert recognise(checkpoint(shapes, "SLOWFAST_32x2_R101_50_50.pkl")).model is None
    shapes = made_up(find_weights("resnet_50/mmaction2/kinetics400"))
    assert recognise(checkpoint(shapes, "c2d_r50-in1k-pre_8xb32-8x8x1.pth")).model is None
    assert recognise(checkpoint(shapes, "c2d_r50-in1k-pre-nopool_8xb32-8x8x1.pth")).model == "resnet_50"


def test_a_name_that_the_tensors_belie(shapes_of):
    found = recognise(checkpoint(shapes_of("torchvision/mc3_18"), "r3d_18-b3b3357e.pth"))
    assert (found.model, found.row) == ("mc3_18", None)

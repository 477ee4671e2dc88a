"""A file's tensors tell whose it is and which network it holds; every published layout is told from every other."""

import inspect
import pathlib

import numpy as np
import pytest

from res3d.geometry import preset
from res3d.networks.variants.table import VARIANTS
from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import Checkpoint, strip_prefixes
from res3d.weights.published.rename import convert
from res3d.weights.sources import SOURCES, recognise, state_dict
from tests.telling import first_of

GOLDEN = pathlib.Path(__file__).parents[2] / "golden"
ALL = sorted(f"{path.parent.name}/{path.stem}" for path in GOLDEN.glob("*/*.npz"))


def checkpoint(shapes, path="file.pth", prefix=""):
    """A checkpoint of zeros that take no memory."""
    tensors = {key: np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()}
    return Checkpoint(path, tensors, prefix=prefix)


def published(name, cases, shapes_of):
    """The checkpoint of a case as its project publishes it."""
    prefix = cases.PREFIXES.get(name.split("/")[0], "")
    tensors, stripped = strip_prefixes({f"{prefix}{key}": shape for key, shape in shapes_of(name).items()})
    return checkpoint(tensors, f"{name.split('/')[1]}.pth", stripped)


@pytest.mark.parametrize("name", ALL)
def test_published_layouts(name, cases, shapes_of):
    case = cases.CASES[name]
    found = recognise(published(name, cases, shapes_of))
    assert found.source == name.split("/")[0].removesuffix("_image").split("_2")[0]
    assert found.model == case.model
    assert found.classes == case.classes


@pytest.mark.parametrize("name", first_of(ALL, {name.split("/")[0]: name for name in reversed(ALL)}.values()))
def test_rules_cover_every_name_once(name, cases, shapes_of):
    given = published(name, cases, shapes_of)
    module = SOURCES[recognise(given).source]
    tensors, left = state_dict(given, module)
    arrays, origins, unknown = convert(tensors, module.rules({key: array.shape for key, array in tensors.items()}))
    assert unknown == []
    assert left == ()
    assert len(arrays) == len(origins) == sum(not key.endswith("num_batches_tracked") for key in given.tensors)


@pytest.mark.parametrize(("name", "file", "model"), [
    ("pytorchvideo/x3d_m", "X3D_S.pyth", "x3d_s"), ("pytorchvideo/x3d_m", "X3D_XS.pyth", "x3d_xs"),
    ("pytorchvideo/x3d_m", "anything.pyth", "x3d_m"), ("pytorchvideo/x3d_l", "X3D_S.pyth", "x3d_l"),
    ("pytorchvideo/slow_r50", "SLOW_8x8_R50.pyth", "slow_r50"),
    ("pytorchvideo/slow_r50", "SLOW_4x16_R50.pyth", "slow_r50_4x16"),
    ("pytorchvideo/slowfast_r101_50_50", "SLOWFAST_16x8_R101_50_50.pyth", "slowfast_r101_50_50_16x8"),
    ("pyslowfast/c2d_nopool_r50", "C2D_NOPOOL_8x8_R50.pkl", "c2d_nopool_r50"),
])
def test_the_file_name_settles_what_tensors_cannot(name, file, model, shapes_of):
    assert recognise(checkpoint(shapes_of(name), f"/downloads/{file}")).model == model


@pytest.mark.parametrize(("name", "prefix", "clip"), [
    ("kenshohara_2018/r3d_18_a", "module.", "kenshohara_2018_112"),
    ("kenshohara_2018/r3d_50", "", "kenshohara_2018_112"),
    ("kenshohara_2018/wide_r3d_50", "", "kenshohara_2018_112"),
    ("kenshohara_2020/r3d_50", "", "kenshohara_112"),
])
def test_releases_of_kenshohara_scale_differently(name, prefix, clip, shapes_of):
    assert recognise(checkpoint(shapes_of(name), prefix=prefix)).clip == clip


def test_fine_tuned_files_of_2018_keep_its_prefix(shapes_of):
    shapes = {**shapes_of("kenshohara_2018/r3d_50"), "fc.weight": (101, 2048), "fc.bias": (101,)}
    assert recognise(checkpoint(shapes, prefix="module.")).clip == "kenshohara_2018_112"
    assert recognise(checkpoint(shapes)).clip == "kenshohara_112"


def test_mmaction2_networks_from_sports_scale_differently(shapes_of):
    shapes = shapes_of("mmaction2/ircsn_r152")
    assert recognise(checkpoint(shapes, "ircsn_ig65m-pretrained-r152.pth")).clip == "mmaction_32x2"
    sports = recognise(checkpoint(shapes, "ircsn_sports1m-pretrained-r152.pth"))
    assert sports.clip.mean == (110.2008, 100.63983, 95.99475)


@pytest.mark.parametrize(("file", "clip"), [
    ("tsm_r50_1x1x8_50e_kinetics400_rgb_20210701-68d582b4.pth", preset("tsn_8")),
    ("tsm_imagenet-pretrained-r50_8xb16-1x1x16-50e_sthv2-rgb_20230317-ec6696ad.pth", preset("tsn_16")),
    ("tsm_r50_dense_1x1x8_100e_kinetics400_rgb_20210701-e3e5e97f.pth", preset("mmaction_8x8")),
    ("tsm_imagenet-pretrained-r50_8xb16-dense-1x1x8-50e_kinetics400-rgb_20220831-f55d3c2b.pth", preset("mmaction_8x8")),
    ("mine.pth", preset("tsn_8"))])
def test_temporal_shift_networks_see_the_whole_video_unless_their_name_says_dense(file, clip, shapes_of):
    found = recognise(checkpoint(shapes_of("mmaction2/tsm_r50"), file))
    assert (found.model, found.clip) == ("tsm_r50", clip)


def test_inflated_networks_of_one_layout_are_told_by_their_names(shapes_of):
    shapes = shapes_of("ibm/i3d_r50")
    assert recognise(checkpoint(shapes, "K400-I3D-ResNet-50-f32.pth.tar", "module.")).model == "ibm_i3d_r50"
    assert recognise(checkpoint(shapes, "SSV2-I3D-ResNet-50-f32.pth.tar", "module.")).clip == preset(
        "ibm_32x2").replace(sampling="segments")
    assert recognise(checkpoint(shapes, "i3resnet50.pt")).model == "i3resnet_50"
    unnamed = recognise(checkpoint(shapes, "best.pth"))
    assert (unnamed.model, unnamed.candidates) == (None, ("ibm_i3d_r50", "i3resnet_50"))
    deep = recognise(checkpoint(shapes_of("i3resnet/i3resnet_152"), "best.pth"))  # a depth of one of them alone
    assert (deep.source, deep.model) == ("i3resnet", "i3resnet_152")


def test_a_network_inside_a_larger_one(shapes_of):
    """A foundation model for CT: text beside the pictures, two heads on top of them."""
    net = {key: shape for key, shape in shapes_of("i3resnet/i3resnet_152").items() if not key.startswith("fc.")}
    shapes = {f"encode_image.i3_resnet.{key}": shape for key, shape in {
        **net, "classifier.weight": (1692, 2048, 1, 1, 1), "classifier.bias": (1692,),
        "contrastive_head.weight": (512, 2048, 1, 1, 1), "contrastive_head.bias": (512,)}.items()}
    given = checkpoint({**shapes, "encode_text.layer.0.weight": (768, 768), "logit_scale": ()}, "i3_resnet_clip.pt")
    found = recognise(given)
    assert (found.source, found.model, found.classes, found.clip) == ("i3resnet", "i3resnet_152", 1692, "ct_160")
    assert state_dict(given, SOURCES["i3resnet"])[1] == (
        "encode_image.i3_resnet.contrastive_head.weight", "encode_image.i3_resnet.contrastive_head.bias",
        "encode_text.layer.0.weight", "logit_scale")


def test_self_supervised_files_hold_a_backbone(shapes_of):
    """Under `backbone.`, beside its slowly moving copy, memory and a head that contrasts; or bare, with such a head."""
    net = {key: shape for key, shape in shapes_of("pyslowfast/slow_r50").items() if not key.startswith("head.")}
    head = {"head.projection.projection.0.weight": (2048, 2048), "head.projection.projection.2.weight": (128, 2048)}
    wrapped = {f"{root}.{key}": shape for root in ("backbone_hist", "backbone")
               for key, shape in {**net, **head}.items()}
    given = checkpoint({**wrapped, "queue_x": (65536, 128), "ptr": (1,)}, "MoCo_SlowR50_8x8_T2_epoch_00200.pyth")
    found = recognise(given)
    assert (found.source, found.model, found.classes) == ("pyslowfast", "slow_r50", None)
    tensors, left = state_dict(given, SOURCES["pyslowfast"])
    assert set(tensors) == set(net)
    assert len(left) == len(net) + 2 * len(head) + 2
    assert {"queue_x", "backbone.head.projection.projection.0.weight"} <= set(left)
    bare = recognise(checkpoint({**net, **head}, "BYOL_SlowR50_16x4_T4_epoch_00200.pyth"))
    assert (bare.model, bare.classes) == ("slow_r50", None)


@pytest.mark.parametrize(("file", "shifted", "model", "frames", "timing"), [
    ("TSM_kinetics_RGB_resnet50_shift8_blockres_avg_segment8_e50.pth", True, "tsm_r50", 8, "one of each of 8 parts"),
    ("TSM_kinetics_RGB_resnet50_shift8_blockres_avg_segment8_e100_dense.pth", True, "tsm_r50", 8, "stride 8"),
    ("TSM_something_RGB_resnet50_shift8_blockres_avg_segment16_e45.pth", True, "tsm_r50", 16,
     "one of each of 16 parts"),
    ("TSM_kinetics_RGB_resnet50_avg_segment5_e50.pth", False, "resnet_50", 8, "one of each of 8 parts")])
def test_files_of_tsm(file, shifted, model, frames, timing, shapes_of):
    shapes = {}
    for key, shape in shapes_of("torchvision_image/resnet50").items():
        key = key.replace("conv1.", "conv1.net.") if shifted and key.startswith("layer") else key
        shapes["new_fc" + key[2:] if key.startswith("fc") else f"base_model.{key}"] = shape
    found = recognise(checkpoint(shapes, file, "module."))
    assert (found.source, found.model, found.classes, found.clip.frames) == ("tsm", model, 1000, frames)
    assert found.clip.timing == f"{frames} frames, {timing}"
    arrays, _, unknown = convert(checkpoint(shapes).tensors, SOURCES["tsm"].rules(shapes))
    assert unknown == []
    assert {"stem/conv/kernel", "stage4/block2/conv_a/conv/kernel", "logits/bias"} <= set(arrays)


@pytest.mark.parametrize(("file", "frames"), [
    ("r3d_d18_l8.pkl", 8), ("r2plus1d_34_clip32_ft_kinetics_from_ig65m-ade133f1.pth", 32), ("r2plus1d_34.pth", None)])
def test_the_name_of_a_file_of_vmz_says_how_many_frames(file, frames, shapes_of):
    clip = recognise(checkpoint(shapes_of("vmz/r2plus1d_34"), file)).clip
    assert (clip and clip.frames) == frames


def test_layers_that_segment_are_left(shapes_of):
    given = checkpoint({**shapes_of("medicalnet/resnet_10"), "conv_seg.0.weight": (512, 32, 2, 2, 2)}, prefix="module.")
    assert recognise(given).model == "medicalnet_10"
    assert state_dict(given, SOURCES["medicalnet"])[1] == ("conv_seg.0.weight",)


def test_a_source_can_be_given(shapes_of):
    given = checkpoint(shapes_of("torchvision/r3d_18"))
    assert recognise(given).model == "r3d_18"
    assert recognise(given, "vmz").model == "vmz_r3d_18"
    with pytest.raises(ValueError, match=r"`source` must be one of pytorchvideo, .*Received: source='vgg'"):
        recognise(given, "vgg")


def test_unknown_names():
    with pytest.raises(CheckpointError, match=r"the file's are like encoder.0.weight, encoder.1.weight\. Give"):
        recognise(checkpoint({"encoder.0.weight": (3, 3), "encoder.1.weight": (3, 3)}))


def test_known_names_of_an_unknown_layout(shapes_of):
    shapes = {key: shape for key, shape in shapes_of("torchvision/r3d_18").items() if not key.startswith("layer3.1")}
    found = recognise(checkpoint(shapes))
    assert (found.source, found.model) == ("torchvision", None)
    deeper = {**shapes_of("kenshohara_2020/r3d_50"), **{  # of a depth with shortcuts that no row has
        f"layer3.{block}.conv1.weight": (256, 1024, 1, 1, 1) for block in range(6, 23)}}
    shortcut_a = {key: shape for key, shape in deeper.items() if ".downsample." not in key}
    assert recognise(checkpoint(deeper)).model == "kenshohara_r3d_101"
    assert recognise(checkpoint(shortcut_a)).model is None
    assert recognise(checkpoint({"backbone.slow_path.conv1.conv.weight": (64, 3, 1, 7, 7)})).model is None


def test_sources_share_an_interface_and_name_rows_that_exist(cases):
    for name, module in SOURCES.items():
        assert name == module.NAME
        for function in ("recognises", "rules", "model_of", "clip_preset"):
            assert inspect.getdoc(getattr(module, function)), f"{name}.{function}"
    assert {case.model for case in cases.CASES.values()} <= set(VARIANTS)

"""Files that look like others: what their names and tensors say is believed, and where they say nothing, nothing."""

import pytest

import res3d
from res3d.networks.variants.table import VARIANTS
from res3d.private_keras import layers_inside
from res3d.weights.sources import recognise
from tests.res3d.weights.published.test_rows import clip_of as clip_found
from tests.res3d.weights.test_recognise import checkpoint

SLOWFAST = "SLOWFAST_{}_R101_50_50.pkl"


@pytest.mark.parametrize(("file", "blocks", "model"), [
    ("32x2", {}, "slowfast_r101_50_50_8x8"), ("16x8", {}, "slowfast_r101_50_50_16x8"),
    ("64x2", {}, "slowfast_r101_50_50_16x8"),
    ("32x2", {"s4.pathway0_nonlocal6.conv_g.weight": (512, 1024, 1, 1, 1)}, None)])
def test_two_pathways_of_101_layers(file, blocks, model, shapes_of):
    """The frames of a clip are in no tensor; those files that find persons have blocks besides that no row has."""
    shapes = dict(shapes_of("pyslowfast/slowfast_r50"))
    for path in (0, 1):
        for block in range(6, 23):
            shapes |= {key.replace("_res5.", f"_res{block}."): shape for key, shape in shapes.items()
                       if key.startswith(f"s4.pathway{path}_res5.")}
            if path == 0:
                shapes |= {f"s4.pathway0_res{block}.branch2.a.weight": (256, 1024, 1, 1, 1)}
    assert recognise(checkpoint({**shapes, **blocks}, SLOWFAST.format(file))).model == model


def test_a_figure_is_of_the_network_it_was_measured_of():
    assert VARIANTS["slowfast_r101_8x8"].top1 == 77.9
    assert VARIANTS["slowfast_r101_50_50_8x8"].top1 is None


def test_a_network_of_pictures_under_the_names_of_clips(shapes_of):
    shapes = {**shapes_of("pyslowfast/c2d_nopool_r50"), "head.projection.weight": (1000, 2048),
              "head.projection.bias": (1000,)}
    found = recognise(checkpoint(shapes, "R50_IN1K.pyth"))
    assert (found.model, clip_found(found).frames, clip_found(found).std) == ("resnet_50", 1, (0.229, 0.224, 0.225))


def test_a_shift_in_a_depth_that_no_row_has(shapes_of):
    shapes = dict(shapes_of("mmaction2/tsm_r50"))
    for block in range(6, 23):
        shapes |= {key.replace("layer3.5.", f"layer3.{block}."): shape for key, shape in shapes.items()
                   if "layer3.5." in key}
    assert recognise(checkpoint(shapes, "tsm_r101_1x1x8.pth")).model is None


@pytest.mark.parametrize("channels", [2, 10])
def test_flow_has_as_many_channels_as_its_stem(channels, shapes_of):
    shapes = shapes_of("mmaction2/slowonly_r50_4x16")
    stem = next(key for key in shapes if key.endswith("conv1.conv.weight") and "layer" not in key)
    clip = recognise(checkpoint({**shapes, stem: (64, channels, 1, 7, 7)}, "slowonly_8x8x1_flow.pth")).clip
    assert (clip.channels, clip.mean, clip.std) == (channels, (128.0,) * channels, (128.0,) * channels)


@pytest.mark.parametrize(("file", "classes", "frames", "sampling"), [
    ("SLOWFAST_16x8_R50.pkl", 174, 64, "segments"), ("SLOWFAST_16x8_R50_multigrid.pkl", 157, 64, "dense"),
    ("SLOWFAST_8x8_R50.pkl", 400, 32, "dense")])
def test_two_pathways_of_64_frames(file, classes, frames, sampling, shapes_of):
    shapes = {**shapes_of("pyslowfast/slowfast_r50"), "head.projection.weight": (classes, 2304),
              "head.projection.bias": (classes,)}
    clip = clip_found(recognise(checkpoint(shapes, file)))
    assert (clip.frames, clip.sampling, clip.channel_order) == (frames, sampling, "RGB")


def test_blocks_that_follow_other_blocks_are_not_ours(shapes_of):
    """mmaction2's follow blocks 0 and 2 of the second stage, ours 1 and 3; their tensors are of equal shapes."""
    base = shapes_of("mmaction2/slowonly_r50_4x16")
    blocks = {f"backbone.layer2.{block}.non_local_block.{part}.conv.weight": (256, 512, 1, 1, 1)
              for block in (0, 2) for part in ("g", "theta", "phi")}
    found = recognise(checkpoint({**base, **blocks}, "slowonly_nl_embedded_gaussian_r50_8x8x1.pth"))
    assert (found.source, found.model) == ("mmaction2", None)


@pytest.mark.parametrize(("name", "epsilon"), [("vmz_ir_csn_50", 1e-3), ("ir_csn_50", 1e-5)])
def test_norms_of_one_network_from_two_publishers(name, epsilon):
    model = res3d.build(name, 5, res3d.ClipSpec(8, height=32, width=32), width=0.125, depths=1)
    found = {layer.epsilon for layer in layers_inside(model) if hasattr(layer, "epsilon")}
    assert found == {epsilon}


def test_names_under_which_pytorchvideo_publishes_a_second_time(shapes_of):
    """The same trainings under PySlowFast's names, `model.` before each."""
    for name, file in (("slow_r50", "SLOW_8x8_R50.pyth"), ("x3d_s", "X3D_S.pyth")):
        tensors = checkpoint(shapes_of(f"pyslowfast/{name}"), file, "model.")
        found = recognise(tensors)
        assert (found.source, found.model) == ("pyslowfast", name)


def test_a_clip_of_vmz_is_as_small_as_it_was_trained():
    assert VARIANTS["vmz_r2plus1d_152"].native_clip.shape[1:3] == (112, 112)

"""VMZ's Caffe2 files: every blob gets the torch name of the tensor that VMZ's own conversion copies it to."""

import re

import numpy as np
import pytest

from res3d.weights.formats.checkpoint import Checkpoint
from res3d.weights.published.caffe2 import from_caffe2, is_caffe2
from res3d.weights.sources import recognise

LEAVES = {"weight": "s", "bias": "b", "running_mean": "rm", "running_var": "riv"}
INNER = {"0.0": ("conv", "_middle"), "0.1": ("spatbn", "_middle"), "0.2": ("conv", ""), "0.3": ("conv", ""),
         "0": ("conv", ""), "1": ("spatbn", "")}


def blob(key, shapes, depths):
    """The Caffe2 name of the torch tensor `key`, after VMZ's conversion script."""
    module, _, leaf = key.rpartition(".")
    if module == "fc":
        return f"last_out_L{shapes['fc.bias'][0]}_{leaf[0]}"
    if stem := re.fullmatch(r"stem\.(\d)", module):
        inner = "_middle" if "stem.3.weight" in shapes and int(stem[1]) < 2 else ""
        norm = stem[1] in "14"
        return f"conv1{inner}" + (f"_spatbn_relu_{LEAVES[leaf]}" if norm else "_w")
    stage, block, unit, place = re.fullmatch(r"layer(\d)\.(\d+)\.(\w+?)\.(.+)", module).groups()
    number = sum(depths[:int(stage) - 1]) + int(block)
    if unit == "downsample":
        return f"shortcut_projection_{number}_" + ("w" if place == "0" else f"spatbn_{LEAVES[leaf]}")
    conv = int(unit[4:])
    if "layer1.0.conv3.0.weight" in shapes and shapes["layer1.0.conv2.0.weight" if "layer1.0.conv2.0.weight" in shapes
                                                      else "fc.weight"][1] == 1:
        conv += conv > 1  # ir-CSN counts 1, 3, 4
    kind, inner = INNER[place]
    return f"comp_{number}_{kind}_{conv}{inner}_" + ("w" if kind == "conv" else LEAVES[leaf])


@pytest.mark.parametrize(("name", "depths", "model"), [
    ("vmz/r2plus1d_34", (3, 4, 6, 3), "vmz_r2plus1d_34"), ("vmz/r2plus1d_152", (3, 8, 36, 3), "vmz_r2plus1d_152"),
    ("vmz/ir_csn_152", (3, 8, 36, 3), "vmz_ir_csn_152"), ("vmz/ip_csn_152", (3, 8, 36, 3), "vmz_ip_csn_152"),
    ("torchvision/r3d_18", (2, 2, 2, 2), "vmz_r3d_18"), ("torchvision/mc3_18", (2, 2, 2, 2), "vmz_mc3_18")])
def test_blobs_become_torch_names(name, depths, model, shapes_of):
    shapes = {key: shape for key, shape in shapes_of(name).items() if not key.endswith("num_batches_tracked")}
    blobs = {blob(key, shapes, depths): np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()}
    assert len(blobs) == len(shapes)
    assert is_caffe2(blobs)
    names, left = from_caffe2({**blobs, "lr": np.zeros(1), "comp_0_conv_1_w_momentum": np.zeros(1)})
    assert {key: array.shape for key, array in names.items()} == shapes
    assert left == ("lr", "comp_0_conv_1_w_momentum")
    found = recognise(Checkpoint("r3d_d18_l16.pkl", blobs))
    assert (found.source, found.model, found.classes, found.clip.frames) == ("vmz", model, 400, 16)


def test_a_blob_that_no_network_has_keeps_its_name(shapes_of):
    shapes = shapes_of("torchvision/r3d_18")
    blobs = {blob(key, shapes, (2, 2, 2, 2)): np.broadcast_to(np.float32(0), shape)
             for key, shape in shapes.items() if not key.endswith("num_batches_tracked")}
    assert "comp_0_extra_w" in from_caffe2({**blobs, "comp_0_extra_w": np.zeros(3)})[0]

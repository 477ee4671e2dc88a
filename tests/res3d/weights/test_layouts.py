"""A model's weights under each project's names: those that the project publishes, and read back to the last bit."""

import json

import keras
import numpy as np
import pytest

import res3d
from res3d.commands.main import main
from res3d.geometry import preset
from res3d.weights.formats.checkpoint import read_checkpoint
from res3d.weights.formats.safetensors import read_metadata, read_safetensors, write_safetensors
from res3d.weights.layouts import anatomy, layout_of, named, torch_tensors, weights_by_path, write_layout
from res3d.weights.load import import_model, load_weights
from res3d.weights.sources import SOURCES
from tests.golden.cases import CASES
from tests.res3d.catalogue import CLIP, MODELS, stir, tiny

QUICK = {"torchvision/mc3_18", "torchvision/r2plus1d_18", "torchvision_image/resnet18", "pytorchvideo/x3d_xs",
         "kenshohara_2018/preact_r3d_18", "medicalnet/resnet_10", "mmaction2/tsm_r50"}


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
                                  for name in CASES])
def test_names_and_shapes_are_the_published_ones(name, shapes_of):
    case, layout = CASES[name], name.split("/")[0].removesuffix("_image").split("_2")[0]
    expected = {key: shape for key, shape in shapes_of(name).items() if not key.endswith("num_batches_tracked")}
    if layout == "pyslowfast":  # the original behind the golden calls PySlowFast's `bn` by a later name
        expected = {key.replace(".norm.", ".bn.") if "_nonlocal" in key else key: shape
                    for key, shape in expected.items()}
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = res3d.build(case.model, case.classes)
            arrays = {path: np.broadcast_to(np.float32(0), weight.shape)
                      for path, weight in weights_by_path(model).items()}
            tensors, unnamed = named(arrays, anatomy(model), layout)
    finally:
        keras.utils.clear_session(free_memory=False)
    assert unnamed == []
    assert {key: tuple(tensor.shape) for key, tensor in tensors.items()} == expected


ROUND = {  # layout: tiny members that were published in it
    "torchvision": ("r3d_18", "mc3_18", "r2plus1d_18", "resnet_18", "resnet_50_v1"),
    "vmz": ("vmz_r2plus1d_18", "vmz_r2plus1d_152"), "timm": ("resnet_18_v2", "resnet_50_v2"),
    "kenshohara": ("kenshohara_r3d_18_a", "kenshohara_r2plus1d_50"),
    "pytorchvideo": ("c2d_r50", "slow_r50", "ir_csn_50", "r2plus1d_r50", "x3d_s", "slowfast_r50_4x16"),
    "pyslowfast": ("i3d_nl_r50",), "mmaction2": ("tsm_r50",), "tsm": ("tsm_r50", "resnet_50"), "ibm": ("tam_r50",),
    "medicalnet": ("medicalnet_50",), "i3resnet": ("i3resnet_50",)}
FEW = {("torchvision", "r2plus1d_18"), ("timm", "resnet_18_v2")}


@pytest.mark.parametrize(("layout", "name"), [
    pytest.param(layout, name, marks=[] if (layout, name) in FEW else pytest.mark.slow)
    for layout, names in ROUND.items() for name in names])
def test_weights_are_read_back_to_the_last_bit(layout, name, tmp_path):
    def small():
        return tiny(name) if name in MODELS else res3d.build(name, 5, CLIP, width=0.125, depths=1)

    model = stir(small())
    path = tmp_path / "w.safetensors"
    said = write_layout(model, path, layout)
    assert (said["layout"], said["model"], said["output"]) == (layout, name, str(path))
    assert said["parameters"] == sum(np.prod(weight.shape, dtype=int) for weight in weights_by_path(model).values())
    other = small()
    loaded = load_weights(other, path)
    assert (loaded.source, loaded.left) == (layout, ())
    for theirs, ours in zip(model.weights, other.weights):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), ours.path)


@pytest.mark.slow
def test_a_norm_that_changes_nothing_stands_where_pyslowfast_has_one(tmp_path):
    model = stir(tiny("x3d_s"))
    path = tmp_path / "x3d.safetensors"
    write_layout(model, path, "pyslowfast")
    assert "s2.pathway0_res0.branch1_bn.running_var" in read_safetensors(path)
    other = tiny("x3d_s")
    load_weights(other, path)
    for theirs, ours in zip(model.weights, other.weights):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-7, err_msg=ours.path)


@pytest.mark.slow
def test_the_file_says_which_row_and_which_clip(tmp_path):
    clip = preset("imagenet_224").replace(frames=2, height=32, width=32, resize=40, mean=(0.1, 0.2, 0.3))
    model = stir(res3d.build("resnet_50_v1", 5, clip))
    path = tmp_path / "w.safetensors"
    write_layout(model, path)
    assert read_metadata(path) == {"format": "pt", "layout": "torchvision", "arch": "resnet_50_v1",
                                   "clip": clip.to_json()}
    assert read_checkpoint(path).facts["arch"] == "resnet_50_v1"
    again, found = import_model(path)  # whose tensors are resnet_50's as well
    assert (again.name, found.clip, again.output_shape) == ("resnet_50_v1", clip, (None, 5))
    np.testing.assert_array_equal(again.get_layer("logits").kernel.numpy(), model.get_layer("logits").kernel.numpy())


def test_the_layout_of_a_row_is_the_one_it_was_published_in():
    assert layout_of(tiny("tam_r50")) == "ibm"
    assert layout_of(tiny("r3d_18")) == "torchvision"
    assert layout_of(tiny("resnet_50_v1")) == "torchvision"  # whose row no file's names tell


@pytest.mark.slow
def test_layouts_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match=r"The layout 'kenshohara' has no names for these weights of the model "
                                         r"'x3d_s': stage1/block0/squeeze/reduce/kernel, .* and 14 more\. Layouts that "
                                         r"have: pytorchvideo, pyslowfast\."):
        torch_tensors(tiny("x3d_s"), "kenshohara")
    with pytest.raises(ValueError, match=r"has no names for .* No layout has\."):
        torch_tensors(tiny("r3d_rs_50"), "torchvision")
    with pytest.raises(ValueError, match=r"`layout` must be one of pytorchvideo, .*Did you mean torchvision or"):
        torch_tensors(tiny("resnet_18"), "torchvison")
    with pytest.raises(ValueError, match=r"The model 'r3d_rs_50' was published in no layout that is known here\. None "
                                         r"has names for all of its weights: save it as \.keras"):
        layout_of(tiny("r3d_rs_50"))


def test_another_suffix(tmp_path):
    with pytest.raises(ValueError, match=r"`output` must end in \.safetensors\. Received: .*w\.pth"):
        write_layout(tiny("resnet_18"), tmp_path / "w.pth")


def test_written_files_are_those_of_the_format(tmp_path):
    tensors = {"a": np.arange(6, dtype="float32").reshape(2, 3), "b": np.array([1, 2], "int64"),
               "c": np.float16([0.5]), "empty": np.zeros((0, 3), "float32")}
    path = tmp_path / "t.safetensors"
    write_safetensors(path, tensors, {"format": "pt"})
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0
    assert json.loads(raw[8:8 + length])["b"] == {"dtype": "I64", "shape": [2], "data_offsets": [24, 40]}
    for name, array in read_safetensors(path).items():
        np.testing.assert_array_equal(array, tensors[name])
        assert array.dtype == tensors[name].dtype
    assert [*read_safetensors(path)] == [*tensors]


def test_the_command(tmp_path, capsys):
    model = stir(tiny("resnet_18"))
    model.save(tmp_path / "m.keras")
    main(["export", "--format=safetensors", "--layout=torchvision", f"--model={tmp_path / 'm.keras'}",
          f"--output={tmp_path / 'm'}"])
    said = json.loads(capsys.readouterr().out)
    assert said["output"] == str(tmp_path / "m.safetensors")
    assert {"conv1.weight", "layer4.0.downsample.1.running_var", "fc.bias"} <= set(read_safetensors(said["output"]))


def test_a_layout_goes_with_its_format(tmp_path, capsys):
    assert main(["export", "--layout=torchvision", "--model=m.keras", f"--output={tmp_path / 'm'}"]) != 0
    assert "`--layout` names the weights of --format=safetensors. Received: layout='torchvision'" in (
        capsys.readouterr().err)


def test_every_layout_that_is_read_is_written_and_read_back():
    assert set(ROUND) == set(SOURCES)

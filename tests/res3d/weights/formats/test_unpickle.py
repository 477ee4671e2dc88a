"""A checkpoint that asks for code is refused by name, and nothing it names is imported or called."""

import os
import pickle
import re
import subprocess

import numpy as np
import pytest

from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import read_checkpoint
from res3d.weights.formats.unpickle import ALLOWED, Permitted, ReadOnly

RAMP = np.arange(4, dtype=np.float32)


class Call:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def refusal(path):
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    return str(caught.value)


@pytest.mark.parametrize(("module", "name"), [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"), ("builtins", "getattr"),
    ("builtins", "__import__"), ("subprocess", "Popen"), ("torch", "load"), ("torch._utils", "_rebuild_qtensor"),
    ("torch.storage", "_load_from_bytes"), ("collections", "namedtuple"), ("collections", "OrderedDict.__init__"),
    ("numpy", "load"), ("runpy", "run_path"), ("torchvision.models.video.resnet", "VideoResNet"),
])
@pytest.mark.parametrize("writer", ["write_zip", "write_legacy"])
def test_refused_by_name(layout, tmp_path, writer, module, name):
    mark = tmp_path / "it_ran"
    state = {"w": RAMP, "evil": layout.call(module, name, f"touch {mark}")}
    message = refusal(getattr(layout, writer)(tmp_path / "a.pth", state))
    assert f"refused to load {module}.{name}: a checkpoint may hold tensors and plain containers" in message
    assert not mark.exists()


@pytest.mark.parametrize("function", [os.system, eval, subprocess.Popen])
@pytest.mark.parametrize("protocol", [2, 4])
def test_refused_in_a_plain_pickle(tmp_path, function, protocol):
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps({"w": Call(function, f"touch {tmp_path}/it_ran")}, protocol))
    assert re.search(rf"refused to load \w+\.{function.__name__}: ", refusal(path))  # protocol 2 has Python 2's modules
    assert not (tmp_path / "it_ran").exists()


def test_whole_models_are_refused_with_advice(layout, tmp_path):
    path = layout.write_zip(tmp_path / "a.pth", {"model": layout.call("mypackage.nets", "Net")})
    assert "refused to load mypackage.nets.Net" in refusal(path)
    assert "save its state dict alone" in refusal(path)


def test_a_module_reference_is_refused(layout, tmp_path):
    reference = layout.Raw(b"(" + b"X\x06\x00\x00\x00module" + b"ctorch\nFloatStorage\n" + b"NNNtQ")
    assert "refused to load a stored module" in refusal(layout.write_zip(tmp_path / "a.pth", {"w": reference}))


@pytest.mark.parametrize(("instructions", "message"), [
    (b"ctorch\ndevice\n(%btR", "refused to load a torch.device of a tuple"),
    (b"(%bNNNNtQ", "refused to load a stored a tuple of a NoneType"),
    (b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n%bNK\x01tQ", "refused to load a storage called a tuple"),
    (b"%bQ", "refused to load a reference that is a tuple"),
    (b"ctorch._tensor\n_rebuild_from_type_v2\n(%bNNNtR", "refused to load a tensor rebuilt by a tuple"),
])
def test_what_would_take_for_ever_to_print_is_refused_unprinted(layout, tmp_path, instructions, message):
    doubled = b")" + b"2\x86" * 100  # a pair of one pair, a hundred times: 2**100 brackets
    path = layout.write_zip(tmp_path / "a.pth", {"w": layout.Raw(instructions % doubled)})
    assert message in refusal(path)


def test_what_a_name_stands_for_cannot_be_changed(layout, tmp_path):
    """BUILD sets attributes of whatever is on the stack; a file must not change FloatStorage for those after it."""
    new_state = b"}X\x06\x00\x00\x00_dtypeX\x05\x00\x00\x00int64s"
    for name in ("torch\nFloatStorage", "torch._utils\n_rebuild_tensor_v2", "collections\nOrderedDict",
                 "argparse\nNamespace"):
        evil = layout.Raw(b"c" + name.encode() + b"\n" + b"(N" + new_state + b"tb")
        with pytest.raises(CheckpointError):
            read_checkpoint(layout.write_zip(tmp_path / "a.pth", {"w": RAMP, "evil": evil}))
    good = read_checkpoint(layout.write_zip(tmp_path / "b.pth", {"w": RAMP}))
    assert good.tensors["w"].dtype == np.float32


def test_nothing_permitted_is_a_class_but_one_that_is_read_only():
    """A class on the stack could be instantiated past its constructor, or rewritten."""
    for module, names in ALLOWED.items():
        for name, stand_in in names.items():
            assert type(stand_in) is ReadOnly or not isinstance(stand_in, type), f"{module}.{name}"
            assert isinstance(stand_in, Permitted | ReadOnly) or not callable(stand_in), f"{module}.{name}"


def test_what_is_permitted_is_this_and_no_more():
    numbers = {"Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool", "ComplexFloat",
               "ComplexDouble"}
    storages = {f"{name}Storage" for name in numbers}
    plain = {"complex", "dict", "float", "frozenset", "int", "list", "set", "tuple"}
    array = {"_reconstruct", "scalar"}
    callable_or_storage = {module: {name for name, what in names.items() if not isinstance(what, str)}
                           for module, names in ALLOWED.items()}  # texts stand for types and can do nothing
    assert callable_or_storage == {
        "argparse": {"Namespace"}, "collections": {"OrderedDict", "Counter", "defaultdict"}, "builtins": plain,
        "__builtin__": plain, "_codecs": {"encode"}, "torch": {"Size", "device", *storages}, "torch.cuda": storages,
        "torch.storage": {"UntypedStorage", "_UntypedStorage"}, "torch.nn.parameter": set(), "numpy": {"dtype"},
        "torch._utils": {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"},
        "torch._tensor": {"_rebuild_from_type_v2"}, "numpy.core.multiarray": array, "numpy._core.multiarray": array}


@pytest.mark.parametrize(("instructions", "message"), [
    (b"ctorch._utils\n_rebuild_tensor_v2\n(]K\x00))\x89NtR", "a tensor over list, which is no storage"),
    (b"(X\x07\x00\x00\x00storageX\x01\x00\x00\x00fNNNtQ", "a stored storage of f"),
    (b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nFloatStorage\nN)NtR", "a tensor rebuilt by a StorageType"),
    (b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00rottR", "_codecs.encode with codec 'rot'"),
])
def test_what_is_permitted_takes_what_it_is_for(layout, tmp_path, instructions, message):
    assert f"refused to load {message}" in refusal(layout.write_zip(tmp_path / "a.pth",
                                                                   {"w": layout.Raw(instructions)}))


def test_the_options_of_a_training_script_are_let_be(layout, tmp_path):
    """torchvision's own script saves its argparse.Namespace beside the weights."""
    namespace = layout.Raw(b"cargparse\nNamespace\n)\x81}X\x06\x00\x00\x00epochsK-sb")
    content = {"model": {"fc.weight": RAMP}, "epoch": 44, "args": namespace}
    for write in (layout.write_zip, layout.write_legacy):
        read = read_checkpoint(write(tmp_path / "a.pth", content))
        assert list(read.tensors) == ["fc.weight"]
        assert read.facts == {"epoch": 44}


@pytest.mark.parametrize("code", ["O", "S10000000", "V1000000"])
def test_arrays_of_objects_and_of_giants(tmp_path, code):
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x02}X\x01\x00\x00\x00wcnumpy\ndtype\n(X" + len(code).to_bytes(4, "little") + code.encode()
                     + b"\x89\x88tRs.")
    assert "numpy.dtype" in refusal(path)


@pytest.mark.parametrize("put", [b"r\xff\xff\xff\x7f", b"p2147483647\n"])
@pytest.mark.parametrize("writer", ["write_bytes", "write_zip"])
def test_ten_bytes_do_not_take_all_memory(layout, tmp_path, writer, put):
    path = tmp_path / "a.pkl"
    if writer == "write_bytes":
        path.write_bytes(b"\x80\x02}" + put + b".")
    else:
        layout.write_zip(path, {"w": RAMP, "evil": layout.Raw(b"}" + put)})
    assert "the file is damaged or truncated (ValueError: object number 2147483647 at byte" in refusal(path)


def test_plain_containers_are_welcome(layout, tmp_path):
    content = {"state_dict": {"w": RAMP}, "epoch": 3, "betas": (0.9, 0.999), "names": ["a", None, True, 2**70],
               "milestones": layout.call("collections", "Counter", {1: 2}), "seen": layout.call("builtins", "set", [1]),
               "size": layout.call("torch", "Size", (2, 3)), "device": layout.call("torch", "device", "cuda", 0)}
    assert read_checkpoint(layout.write_zip(tmp_path / "a.pth", content)).facts == {"epoch": 3, "device": "cuda:0"}


def test_numpy_scalars_of_training_loops(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"w": RAMP, "best": np.float64(71.5)}, 2))
    assert read_checkpoint(path).facts == {"best": 71.5}


def test_parameters_and_typed_storages(layout, tmp_path):
    tensor = layout.Writer(legacy=False)
    body = tensor.put(RAMP)
    parameter = layout.Raw(b"ctorch._utils\n_rebuild_parameter\n(" + body + b"\x88ccollections\nOrderedDict\n)RtR")
    path = layout.write_zip(tmp_path / "a.pth", {"w": parameter}, records={"data/0": RAMP.tobytes()})
    np.testing.assert_array_equal(read_checkpoint(path).tensors["w"], RAMP)
    typed = layout.Raw(b"ctorch._utils\n_rebuild_tensor_v3\n((X\x07\x00\x00\x00storagectorch.storage\nUntypedStorage\n"
                       b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x10tQK\x00(K\x04t(K\x01t\x89ccollections\nOrderedDict\n)R"
                       b"ctorch\nfloat32\ntR")
    path = layout.write_zip(tmp_path / "b.pth", {"w": typed}, records={"data/0": RAMP.tobytes()})
    np.testing.assert_array_equal(read_checkpoint(path).tensors["w"], RAMP)

"""Rules rename modules, shapes rename what is in them, kernels are turned round."""

import numpy as np
import pytest

from res3d.weights.published import pyslowfast
from res3d.weights.published.rename import convert, rename, to_keras

RULES = ((r"stem\.0", "stem/conv"), (r"stem\.1", "stem/norm"), (r"fc", "logits"))


def test_kernels_are_turned_from_outputs_first_to_outputs_last():
    weight = np.arange(2 * 3 * 1 * 5 * 7).reshape(2, 3, 1, 5, 7)
    kernel = to_keras(weight)
    assert kernel.shape == (1, 5, 7, 3, 2)
    assert kernel[0, 4, 6, 2, 1] == weight[1, 2, 0, 4, 6]
    np.testing.assert_array_equal(to_keras(weight[:, :, 0, 0, 0]), weight[:, :, 0, 0, 0].T)


def test_norms_are_known_by_their_running_mean():
    four = np.arange(4.0)
    tensors = {
        "stem.0.weight": np.zeros((4, 3, 1, 1, 1)), "queue": four, "aux.weight": four, "fc.bias": np.zeros(2),
        "stem.1.weight": four, "stem.1.bias": four + 1, "stem.1.running_mean": four + 2, "stem.1.running_var": four + 3,
        "stem.1.num_batches_tracked": np.array(7), "fc.weight": np.zeros((2, 4))}
    arrays, origins, unknown = convert(tensors, RULES)
    assert {name: array.shape for name, array in arrays.items()} == {
        "stem/conv/kernel": (1, 1, 1, 3, 4), "stem/norm/gamma": (4,), "stem/norm/beta": (4,),
        "stem/norm/moving_mean": (4,), "stem/norm/moving_variance": (4,), "logits/kernel": (4, 2), "logits/bias": (2,)}
    np.testing.assert_array_equal(arrays["stem/norm/moving_variance"], four + 3)
    assert origins["logits/kernel"] == "fc.weight"
    assert unknown == ["queue", "aux.weight"]


def test_two_names_for_one_weight():
    tensors = {"fc.bias": np.zeros(2), "head.bias": np.zeros(2)}
    with pytest.raises(ValueError, match=r"'fc.bias' and 'head.bias' both stand for 'logits/bias'"):
        convert(tensors, ((r"fc|head", "logits"),))


def test_a_rule_must_match_the_whole_name():
    assert rename("fc", RULES) == "logits"
    assert rename("fc2", RULES) is None


@pytest.mark.parametrize(("blob", "name"), [
    ("conv1_w", "s1.pathway0_stem.conv.weight"), ("res_conv1_bn_riv", "s1.pathway0_stem.bn.running_var"),
    ("t_conv1_w", "s1.pathway1_stem.conv.weight"), ("t_res_conv1_bn_b", "s1.pathway1_stem.bn.bias"),
    ("res4_10_branch2b_w", "s4.pathway0_res10.branch2.b.weight"),
    ("res4_10_branch2b_bn_s", "s4.pathway0_res10.branch2.b_bn.weight"),
    ("res3_0_branch1_bn_rm", "s3.pathway0_res0.branch1_bn.running_mean"),
    ("t_res5_2_branch2c_bn_b", "s5.pathway1_res2.branch2.c_bn.bias"),
    ("t_pool1_subsample_w", "s1_fuse.conv_f2s.weight"), ("t_pool1_subsample_bn_s", "s1_fuse.bn.weight"),
    ("t_res3_3_branch2c_bn_subsample_w", "s3_fuse.conv_f2s.weight"),
    ("t_res3_3_branch2c_bn_subsample_bn_riv", "s3_fuse.bn.running_var"),
    ("nonlocal_conv4_3_theta_b", "s4.pathway0_nonlocal3.conv_theta.bias"),
    ("nonlocal_conv4_3_bn_rm", "s4.pathway0_nonlocal3.norm.running_mean"),
    ("conv1_xy_w", "s1.pathway0_stem.conv_xy.weight"), ("conv_5_w", "head.conv_5.weight"),
    ("conv_5_bn_riv", "head.conv_5_bn.running_var"), ("lin_5_w", "head.lin_5.weight"),
    ("res3_2_branch2b_bn_fc1_b", "s3.pathway0_res2.branch2.se.fc1.bias"),
    ("pred_b", "head.projection.bias"),
])
def test_blobs_of_caffe2(blob, name):
    assert list(pyslowfast.from_caffe2({blob: 0})) == [name]


def test_optimiser_blobs_of_caffe2_are_left_out():
    assert pyslowfast.from_caffe2({"conv1_w_momentum": 0, "lr": 0, "model_iter": 0}) == {}

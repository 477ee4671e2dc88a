"""Commands take published weights by name, fetched from a mirror into an empty cache."""

import json

import pytest

import res3d
from res3d.workflows.loading import load_network, load_trained
from res3d.workflows.start import load_start

pytestmark = pytest.mark.usefixtures("home")


def test_a_network_to_score_with(mirror, tmp_path):
    model, clip, labels, multi_label = load_network("x3d_xs")
    assert (len(labels), labels[0], multi_label) == (400, "abseiling", False)
    assert clip == res3d.preset("x3d_xs")
    assert model.output_shape == (None, 400)
    own = tmp_path / "labels.txt"
    own.write_text("".join(f"class {i}\n" for i in range(400)))
    assert load_trained(next(mirror.rglob("*.pyth")), own)[2][399] == "class 399"


def test_training_starts_from_a_tag_of_its_network():
    model = res3d.build("x3d_xs", 5)
    left = load_start(model, "kinetics400")
    assert sorted(left) == ["logits/bias", "logits/kernel"]


@pytest.mark.parametrize(("name", "words"), [
    ("x3d_xs/none", "Published weights of x3d_xs are"), ("no_such_network", "no published weights have that name"),
    ("none.pth", "no published weights have that name")])
def test_names_that_mean_nothing(name, words):
    with pytest.raises(FileNotFoundError, match="A model must be a work folder of `res3d train`") as raised:
        load_network(name)
    assert words in str(raised.value)


def test_a_start_that_is_none():
    with pytest.raises(FileNotFoundError, match=r"Weights must come from a work folder, .* Received: 'kinetics4000'"):
        load_start(res3d.build("x3d_xs", 5), "kinetics4000")


@pytest.mark.slow
@pytest.mark.clips
def test_labels_in_one_command(clips, console):
    code, out, _ = console("predict", clips / "action" / "baseball.mp4", "--model=x3d_xs", "--json")
    assert code == 0
    top = json.loads(out)[0]["top"]
    assert len(top) == 5
    assert {answer["label"] for answer in top} < set(res3d.weights.names_of("kinetics400"))
    code, _, err = console("predict", clips / "action" / "baseball.mp4", "--model=x3d_s", "--offline")
    assert code == 1
    assert "X3D_S.pyth: it is not here" in err

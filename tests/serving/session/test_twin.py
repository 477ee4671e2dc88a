"""A version whose default signature the OpenVINO model beside it answers: the same answers, labels and errors."""

import logging
import shutil

import numpy as np
import pytest

from serving.errors import ServingError
from serving.models import inference
from serving.models.servable import Loader
from serving.session import twin

pytestmark = pytest.mark.slow

LABELS = ["archery", "jump rope", "walking café"]


@pytest.fixture(scope="module")
def both(exported, network, tmp_path_factory, runtime):
    """A version folder with its twin."""
    from serving.exporter.runtimes.model_file import export_file

    runtime("openvino")
    folder = shutil.copytree(exported, tmp_path_factory.mktemp("both") / "1")
    export_file(network, folder / twin.FILE, LABELS, format="openvino")
    return folder


@pytest.mark.backends
def test_the_twin_answers_the_default_signature_and_nothing_else(both, session, clips_of_noise, monkeypatch):
    servable = Loader(warmup=False, runtime="openvino").load("actions", 1, both)
    ran, right = [], session.call("serving_default", {"clip": clips_of_noise})
    run = twin.OpenVinoSession.run
    monkeypatch.setattr(twin.OpenVinoSession, "run", lambda self, clips: ran.append(1) or run(self, clips))
    found = inference.predict(servable, "", {"clip": clips_of_noise})
    assert (ran, found.keys()) == ([1], right.keys())
    assert found["top_classes"].tolist() == right["top_classes"].tolist()
    for name in ("scores", "logits", "top_scores"):
        np.testing.assert_allclose(found[name], right[name], atol=1e-5)
    raw = {"clip_bytes": np.array([clips_of_noise[0].tobytes()], object)}
    np.testing.assert_array_equal(inference.predict(servable, "predict_raw", raw)["scores"],
                                  session.call("predict_raw", raw)["scores"])
    errors = []
    for asked in (servable, Loader(warmup=False).load("actions", 1, both)):
        with pytest.raises(ServingError) as caught:
            inference.predict(asked, "", {"clip": clips_of_noise[:, :2]})
        errors.append((caught.value.code, str(caught.value)))
    assert errors[0] == errors[1]
    assert ran == [1]


@pytest.mark.backends
def test_a_twin_of_another_network_keeps_the_version_from_loading(both, network, tmp_path):
    from serving.exporter.runtimes.model_file import export_file

    folder = shutil.copytree(both, tmp_path / "1")
    export_file(network, folder / twin.FILE, LABELS[::-1], format="openvino")
    with pytest.raises(ServingError, match=r"must be the OpenVINO form of the SavedModel .* labels do\. Export both"):
        Loader(warmup=False, runtime="openvino").load("actions", 1, folder)
    export_file(network, folder / twin.FILE, LABELS, format="openvino", batch=1)
    with pytest.raises(ServingError, match=r"it takes 1 clips of \(4, 32, 32, 3\), and the SavedModel any number"):
        Loader(warmup=False, runtime="openvino").load("actions", 1, folder)


def test_a_version_without_twin_is_served_and_said(exported, caplog, clips_of_noise):
    with caplog.at_level(logging.WARNING):
        servable = Loader(warmup=False, runtime="openvino").load("actions", 1, exported)
    assert "actions version 1 has no openvino.xml beside its SavedModel, which answers alone" in caplog.text
    assert inference.predict(servable, "", {"clip": clips_of_noise})["scores"].shape == (2, 3)
    servable.close()

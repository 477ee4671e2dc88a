"""A small network, its clip and one export of it, made once for all tests of this room."""

import numpy as np
import pytest

LABELS = ["archery", "jump rope", "walking café"]


@pytest.fixture(scope="session")
def clip():
    from res3d.geometry import ClipSpec

    return ClipSpec(frames=4, stride=2, height=32, width=32)


@pytest.fixture(scope="session")
def network(clip):
    """A small 3D network whose batch norms are far from the identity."""
    import keras

    import res3d

    keras.utils.set_random_seed(0)
    model = res3d.build("r3d_10", num_classes=len(LABELS), clip=clip, width=0.125)
    random = np.random.default_rng(0)
    for variable in model.variables:
        if variable.path.endswith("moving_variance"):
            variable.assign(random.uniform(0.5, 2, variable.shape))
        elif variable.path.endswith(("moving_mean", "beta")):
            variable.assign(random.uniform(-0.5, 0.5, variable.shape))
    return model


@pytest.fixture(scope="session")
def exported(network, once):
    """`.../actions/1`, as `serving.export` writes it."""
    import serving

    return once("exports", lambda folder: serving.export(network, folder / "actions", LABELS)) / "actions" / "1"


@pytest.fixture(scope="session")
def session(exported):
    """The export in TensorFlow's C++ session."""
    from serving.session.csession import CSession

    with CSession(exported, threads=1) as opened:
        yield opened


@pytest.fixture(scope="session")
def clips_of_noise(clip):
    """Two clips of random pixels, uint8 (2, *clip.shape)."""
    return np.random.default_rng(3).integers(0, 256, (2, *clip.shape), np.uint8)

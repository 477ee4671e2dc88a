"""Base paths of a configuration: folders of this machine."""

import pytest
from google.protobuf import text_format

from serving.errors import ServingError
from serving.models import config
from serving.server import flags
from serving.server.settings import Settings
from serving.tensors.protos import model_server_config_pb2


def values(**given):
    return {flag.name: flag.default for flag in flags.FLAGS} | given


def test_an_address_is_refused_by_name():
    for address in ("s3://bucket/m", "gs://bucket/m", "https://user:secret@host/m"):
        with pytest.raises(ValueError, match="--model_base_path must be in a folder of this mach") as found:
            Settings.from_flags(values(model_base_path=address))
        assert "secret" not in str(found.value)
        with pytest.raises(ServingError, match="Expected model m to have a base path on this machine; got ") as refused:
            config.check([config.ModelConfig("m", address, platform="tensorflow")])
        assert "secret" not in str(refused.value)


def test_a_file_address_is_a_folder():
    assert Settings.from_flags(values(model_base_path="file:///models/my%20m")).models.base_path == "/models/my m"
    text = 'model_config_list { config { name: "m" base_path: "file:///models/my%20m" model_platform: "tensorflow" } }'
    (found,) = config.from_proto(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))
    assert found.base_path == "/models/my m"
    config.check([found])

"""What a server is told about its models, and what it refuses to be told."""

import dataclasses

from pipelines.storage.addresses import is_remote, local_path, shown
from serving.errors import invalid
from serving.models.versions import Policy


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """One model.

    Args:
        name: str.
        base_path: str. The folder with the numbered version folders.
        policy: versions.Policy.
        labels: {label: version}.
        platform: str.
    """

    name: str
    base_path: str
    policy: Policy = dataclasses.field(default_factory=Policy)
    labels: dict = dataclasses.field(default_factory=dict)
    platform: str = "tensorflow"


def from_proto(proto):
    """The models of a ModelServerConfig message.

    Raises:
        ServingError: INVALID_ARGUMENT for a custom config, which no server here understands.
    """
    if proto.WhichOneof("config") == "custom_model_config":
        raise invalid("ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is "
                      "currently supported")
    models = []
    for config in proto.model_config_list.config:
        platform = config.model_platform or ("tensorflow" if config.model_type else "")
        policy = Policy.from_proto(config.model_version_policy)
        folder = local_path(config.base_path)
        models.append(ModelConfig(config.name, folder, policy, dict(config.version_labels), platform))
    return models


def check(configs):
    """Refuses models that cannot be served together.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    names = [config.name for config in configs]
    for config in configs:
        if names.count(config.name) > 1:
            raise invalid(f"Illegal to list model {config.name} multiple times in config list")
        if not config.platform:
            raise invalid(f"Illegal setting neither ModelConfig::model_type nor ModelConfig::model_platform for model "
                          f"{config.name}.")
        if config.platform != "tensorflow":
            raise invalid(f"Model {config.name} has an unknown model_platform: {config.platform}. Use tensorflow.")
        if is_remote(config.base_path):
            raise invalid(f"Expected model {config.name} to have a base path on this machine; got base_path()="
                          f"{shown(config.base_path)}, an address. Copy the model here, or mount it.")
        if not config.base_path.startswith("/") or "\0" in config.base_path:
            raise invalid(f"Expected model {config.name} to have an absolute path or URI; got base_path()="
                          f"{config.base_path}")

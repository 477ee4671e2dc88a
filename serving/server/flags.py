"""The flags of TensorFlow Serving's server, and our own beside them: one table, read in two styles.

`parse` reads them as `tensorflow_model_server` does: only `--name=value`, unknown ones printed and ignored.
"""

import dataclasses
import difflib
import os

_THREADS = 4 * (os.cpu_count() or 1)


@dataclasses.dataclass(frozen=True)
class Flag:
    """One flag.

    Args:
        name: str.
        default: int, float, bool or str; its type is the flag's.
        help: str.
        ours: bool. TensorFlow Serving has no such flag.
        unused: str. Why it is accepted and does nothing; "" where it does what it says.
    """

    name: str
    default: object
    help: str
    ours: bool = False
    unused: str = ""


_CPU = "this server runs TensorFlow's default devices"
_ONE_RUNTIME = "models run in TensorFlow's own session only"
FLAGS = (
    Flag("port", 8500, "port for gRPC; 0 listens on none"),
    Flag("grpc_socket_path", "", "path of a UNIX socket for gRPC, beside the port"),
    Flag("rest_api_port", 0, "port for HTTP; 0 listens on none"),
    Flag("rest_api_num_threads", _THREADS, "HTTP requests answered at once"),
    Flag("rest_api_timeout_in_ms", 30_000, "longest run of a model for an HTTP request"),
    Flag("rest_api_enable_cors_support", False, "allow pages of every origin to ask over HTTP"),
    Flag("enable_batching", False, "run concurrent requests together"),
    Flag("batching_parameters_file", "", "text file with BatchingParameters"),
    Flag("enable_per_model_batching_parameters", False, "read batching_params.pbtxt in each version folder instead"),
    Flag("allow_version_labels_for_unavailable_models", False, "accept new labels for versions that are not available"),
    Flag("model_config_file", "", "text file with a ModelServerConfig: the models to serve"),
    Flag("model_config_file_poll_wait_seconds", 0, "seconds between looks at that file; 0 looks once"),
    Flag("model_name", "default", "name of the model, without a config file"),
    Flag("model_base_path", "", "folder with the numbered version folders, without a config file"),
    Flag("num_load_threads", 0, "versions loaded at once; 0 is one"),
    Flag("num_unload_threads", 0, "versions unloaded at once; 0 is one"),
    Flag("max_num_load_retries", 5, "how often a failed load is tried again"),
    Flag("load_retry_interval_micros", 60_000_000, "microseconds between two tries"),
    Flag("file_system_poll_wait_seconds", 1, "seconds between looks for new versions; 0 looks once"),
    Flag("flush_filesystem_caches", True, "", unused="the system keeps its own file caches"),
    Flag("tensorflow_session_parallelism", 0, "threads inside one operation; 0 is one a core"),
    Flag("tensorflow_intra_op_parallelism", 0, "threads inside one operation; 0 is one a core"),
    Flag("tensorflow_inter_op_parallelism", 0, "", unused="TensorFlow decides how many operations run at once"),
    Flag("tensorflow_session_config_file", "", "", unused="use --tensorflow_intra_op_parallelism"),
    Flag("ssl_config_file", "", "text file with an SSLConfig: gRPC over TLS"),
    Flag("use_alts_credentials", False, "", unused="ALTS exists inside Google's cloud only; use --ssl_config_file"),
    Flag("platform_config_file", "", "", unused="the one platform is tensorflow"),
    Flag("per_process_gpu_memory_fraction", 0.0, "", unused="GPU memory grows with what the models need"),
    Flag("saved_model_tags", "serve", "comma-separated tags of the graph to load"),
    Flag("grpc_channel_arguments", "", "comma-separated key=value arguments for the gRPC server"),
    Flag("grpc_max_threads", _THREADS, "gRPC requests answered at once"),
    Flag("enable_model_warmup", True, "run the warm-up requests that a version ships"),
    Flag("num_request_iterations_for_warmup", 1, "how often each warm-up request runs"),
    Flag("version", False, "print versions and leave"),
    Flag("monitoring_config_file", "", "text file with a MonitoringConfig: Prometheus' path"),
    Flag("enable_signature_method_name_check", False, "", unused="TensorFlow 2 writes the same name for all"),
    Flag("enable_grpc_healthcheck_service", False, "answer grpc.health.v1"),
    Flag("enable_serialization_as_tensor_content", False, "answer in tensor_content, not in typed fields"),
    Flag("enable_profiler", True, "", unused="there is no profiler service"),
    Flag("remove_unused_fields_from_bundle_metagraph", True, "", unused="graphs are never kept after loading"),
    Flag("prefer_tflite_model", False, "", unused=_ONE_RUNTIME),
    Flag("num_tflite_pools", 0, "", unused=_ONE_RUNTIME),
    Flag("num_tflite_interpreters_per_pool", 1, "", unused=_ONE_RUNTIME),
    Flag("xla_cpu_compilation_enabled", False, "", unused="compilation is off, as it is upstream unless asked for"),
    Flag("xla_gpu_compilation_enabled", False, "", unused="compilation is off, as it is upstream unless asked for"),
    Flag("use_tfrt", False, "", unused=_ONE_RUNTIME),
    Flag("mixed_precision", "", "", unused="export in the precision that shall be served"),
    Flag("skip_initialize_tpu", False, "", unused=_CPU),
    Flag("thread_pool_factory_config_file", "", "", unused="TensorFlow makes its own thread pools"),
    Flag("host", "127.0.0.1", "address to listen on; 0.0.0.0 is every one", ours=True),
    Flag("max_body_bytes", 64 << 20, "longest HTTP body; longer ones are answered 413", ours=True),
    Flag("max_queued_requests", 1000, "requests that may wait for a thread; more are turned away", ours=True),
    Flag("drain_seconds", 30.0, "after SIGTERM, longest wait for the requests under way", ours=True),
    Flag("incomplete_version_wait_seconds", 10.0, "when an unchanging, incomplete version counts as broken", ours=True),
    Flag("access_log", "", "file for one JSON line a request; - is standard output", ours=True),
    Flag("runtime", "tensorflow", "openvino lets the openvino.xml in a version folder answer its default signature",
         ours=True),
    Flag("page", False, "show a page at / to watch the models and try them", ours=True),
)
TABLE = {flag.name: flag for flag in FLAGS}


def defaults():
    """{name: value} before anything is said."""
    return {flag.name: flag.default for flag in FLAGS}


def parse(arguments):
    """Reads flags as TensorFlow Serving does.

    Args:
        arguments: strings, without the program's name.

    Returns:
        `(values, unknown)`: {name: value} with all defaults filled in, and the arguments that no flag knows.

    Raises:
        ValueError: for a value that does not fit its flag.

    >>> values, unknown = parse(["--port=9000", "--enable_batching", "--frobnicate=1"])
    >>> values["port"], values["enable_batching"], unknown
    (9000, True, ['--frobnicate=1'])
    """
    values, unknown = defaults(), []
    for argument in arguments:
        name, equals, text = argument.removeprefix("--").partition("=")
        flag = TABLE.get(name) if argument.startswith("--") else None
        if flag is None or (not equals and not isinstance(flag.default, bool)):
            unknown.append(argument)
        else:
            values[name] = convert(flag, text if equals else "true")
    return values, unknown


def convert(flag, text):
    """The value that a flag's text means.

    Raises:
        ValueError: if it means none.
    """
    kind = type(flag.default)
    try:
        if kind is bool:
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise ValueError(f"--{flag.name} must be {wanted}. Received: {text!r}.") from None


def ignored(values):
    """One line for every flag that was set and does nothing here."""
    return [f"--{flag.name} is accepted and ignored: {flag.unused}." for flag in FLAGS
            if flag.unused and values[flag.name] != flag.default]


def nearest(argument):
    """What an unknown argument may have meant, or ""."""
    close = difflib.get_close_matches(argument.lstrip("-").partition("=")[0], TABLE, 1)
    return f" Did you mean --{close[0]}?" if close else ""


def usage():
    """All flags, one a line."""
    lines = [f"\t--{flag.name}={flag.default!s}\t{flag.help or 'ignored: ' + flag.unused}" for flag in FLAGS]
    return "\n".join(["usage: python -m serving", "Flags:", *lines])

"""What TensorFlow Serving's own test of its server (`tensorflow_model_server_test.py`) asks, and where we ask it.

Each row names a test of theirs and the one of ours that holds the same; where ours is a table, the row of it.
"""

import importlib.util
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
HELD = {  # theirs: (file, test[, row of its table])
    "testGetModelStatus": ("test_model_service", "test_status"),
    "testGetModelMetadata": ("test_grpc", "test_metadata"),
    "testClassify": ("test_grpc", "test_classify"),
    "testRegress": ("test_grpc", "test_regress"),
    "testMultiInference": ("test_grpc", "test_several_at_once"),
    "testMultiInferenceTf2": ("test_grpc", "test_several_whose_inputs_are_different_tensors"),
    "testPredictSavedModel": ("test_grpc", "test_answer"),
    "testPredictUpconvertedSavedModel": ("test_grpc", "test_answer", "TensorFlow 1"),
    "testPredictBatching": ("test_batching", "test_requests_run_together_and_each_gets_its_own_rows"),
    "_TestBadModel": ("test_starting", "test_a_first_version_that_cannot_load_keeps_the_server_from_starting"),
    "testGoodModelConfig": ("test_lifecycle", "test_policies"),
    "testBadModelConfig": ("test_process", "test_a_broken_config"),
    "testModelConfigReloadWithZeroPollPeriod": ("test_reload",
                                                "test_without_polling_a_configuration_file_is_read_once"),
    "testModelConfigReload": ("test_reload", "test_a_configuration_file_corrects_what_it_mistyped"),
    "testGoodGrpcChannelArgs": ("test_grpc", "test_channel_arguments_replace_our_own"),
    "testClassifyREST": ("test_rest", "test_answer"),
    "testRegressREST": ("test_rest", "test_answer"),
    "testPredictREST": ("test_rest", "test_answer"),
    "testPredictColumnarREST": ("test_rest", "test_answer"),
    "testGetStatusREST": ("test_rest", "test_status"),
    "testGetModelMetadataREST": ("test_rest", "test_metadata"),
    "testPrometheusEndpoint": ("test_rest_transport", "test_prometheus"),
    "testPredictUDS": ("test_process", "test_unix_socket"),
    "test_tf_saved_model_save": ("test_saved_models", "test_they_are_served", "product"),
    "test_tf_saved_model_save_multiple_signatures": ("test_saved_models", "test_they_are_served",
                                                     "custom_signature_key"),
    "test_sequential_keras_saved_model_save": ("test_saved_models", "test_they_are_served", "keras"),
    "test_distrat_sequential_keras_saved_model_save": ("test_saved_models", "test_they_are_served", "mirrored"),
}
LEFT_OUT = {  # theirs: why none of ours holds it
    "testPredictOnTfLite": "version folders hold SavedModels",
    "testPredictWithSignatureDefOnTfLite": "the same",
    "test_profiler_service_with_valid_trace_request": "no profiler is served",
    "test_tf_text": "no operation of tensorflow_text is registered",
}


def test_all_of_theirs_are_accounted_for():
    assert (len(HELD), len(LEFT_OUT)) == (27, 4)
    assert not set(HELD) & set(LEFT_OUT)
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize("theirs", HELD)
def test_it_is_held_by_a_test_of_ours(theirs):
    file, name, *row = HELD[theirs]
    spec = importlib.util.spec_from_file_location(file, HERE / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    test = getattr(module, name)
    assert not {"skip", "xfail"} & {mark.name for mark in getattr(test, "pytestmark", ())}
    for text in row:
        assert any(text in str(mark.args[1]) for mark in test.pytestmark if mark.name == "parametrize")

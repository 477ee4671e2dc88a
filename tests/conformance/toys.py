"""Small SavedModels whose answers are known in the head: y = x / 2 + 2, sums, echoes, tf.Example readers."""

import pathlib

import tensorflow as tf

V1 = tf.compat.v1


def _spec(name, dtype=tf.float32, shape=(None,)):
    return tf.TensorSpec(shape, dtype, name=name)


class Toys(tf.Module):
    """Many signatures, one a quirk."""

    def __init__(self, half=0.5):
        super().__init__()
        self.half = tf.Variable(half)
        self.two = tf.Variable(2.0)

    def signatures(self):
        half, two = self.half, self.two

        def line(x):
            return half * x + two

        def read_example(inputs):
            return tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([1], tf.float32, 0.0),
                                                "x2": tf.io.FixedLenFeature([1], tf.float32, 0.0)})

        def signature(function, *specs):
            return tf.function(function, autograph=False).get_concrete_function(*specs)

        strings, text = _spec("inputs", tf.string), _spec("text", tf.string)
        label = tf.constant("even")
        identity = {
            f"echo_{dtype.name}": signature(lambda x: {"y": tf.identity(x)}, _spec("x", dtype))
            for dtype in (tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64, tf.bool,
                          tf.float64, tf.float16, tf.bfloat16, tf.complex64)}
        return identity | {
            "serving_default": signature(lambda x: {"y": line(x)}, _spec("x")),
            "two_inputs": signature(lambda a, b: {"sum": a + b, "difference": a - b}, _spec("a"), _spec("b")),
            "matrix": signature(lambda x: {"y": tf.matmul(x, tf.ones((3, 2)))}, _spec("x", shape=(None, None))),
            "any_shape": signature(lambda x: {"y": tf.identity(x)}, _spec("x", shape=None)),
            "to_float16": signature(lambda x: {"y": tf.cast(x, tf.float16)}, _spec("x")),
            "scalar_output": signature(lambda x: {"total": tf.reduce_sum(x)}, _spec("x")),
            "odd_output": signature(lambda x: {"y": x, "z": tf.concat([x, x], 0)}, _spec("x")),
            "text": signature(lambda text: {"echo": text, "echo_bytes": text, "length": tf.strings.length(text)}, text),
            "slow": signature(lambda x: {"y": _slowly(x)}, _spec("x")),
            "classify": signature(
                lambda inputs: {"classes": tf.fill(tf.shape(read_example(inputs)["x"]), label),
                                "scores": line(read_example(inputs)["x"])}, strings),
            "classify_scores": signature(lambda inputs: {"scores": line(read_example(inputs)["x"])}, strings),
            "regress": signature(lambda inputs: {"outputs": line(read_example(inputs)["x"])}, strings),
            "regress_x2": signature(lambda inputs: {"outputs": line(read_example(inputs)["x2"])}, strings),
            "three_outputs": signature(lambda inputs: {"a": inputs, "b": inputs, "c": inputs}, strings),
            "odd_names": signature(lambda stuff: {"things": tf.strings.length(stuff)}, _spec("stuff", tf.string)),
        }


def _slowly(x):
    """Some seconds of work on one core, in steps between which a run can be cancelled."""
    def step(i, y):
        return i + 1, tf.linalg.matmul(y, y) * 1e-3

    _, y = tf.while_loop(lambda i, _: i < tf.cast(x[0], tf.int32), step, [0, tf.ones((400, 400))])
    return x + 0 * y[0, 0]


def write_toys(folder, half=0.5):
    """The signatures above as a version folder."""
    toys = Toys(half)
    tf.saved_model.save(toys, str(folder), toys.signatures())
    return pathlib.Path(folder)


def write_line(folder, half=0.5):
    """y = half * x + 2 alone: quick to write and to load."""
    module = tf.Module()
    module.half = tf.Variable(half)

    @tf.function(input_signature=[_spec("x")], autograph=False)
    def line(x):
        return {"y": module.half * x + 2.0}

    module.line = line
    tf.saved_model.save(module, str(folder), {"serving_default": line})
    return pathlib.Path(folder)


def write_tf1(folder):
    """The same line as TensorFlow 1 wrote it: placeholders, a variable, method names of all three kinds."""
    graph = tf.Graph()
    with graph.as_default(), V1.Session(graph=graph) as session:
        half = V1.get_variable("half", initializer=0.5, use_resource=False)
        x = V1.placeholder(tf.float32, (None,), "x")
        y = tf.identity(half * x + 2.0, "y")
        examples = V1.placeholder(tf.string, (None,), "examples")
        parsed = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
        scores = tf.identity(half * parsed + 2.0, "scores")
        session.run(V1.global_variables_initializer())
        info, build = V1.saved_model.build_tensor_info, V1.saved_model.signature_def_utils.build_signature_def
        builder = V1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {
            "serving_default": build({"x": info(x)}, {"y": info(y)}, "tensorflow/serving/predict"),
            "classify": build({"inputs": info(examples)}, {"scores": info(scores)}, "tensorflow/serving/classify"),
            "regress": build({"inputs": info(examples)}, {"outputs": info(scores)}, "tensorflow/serving/regress"),
        }, strip_default_attrs=True)
        builder.save()
    return pathlib.Path(folder)


def give_default(folder, signature, alias, value):
    """Makes one input of a saved signature optional, as newer exporters can."""
    from serving.tensors import tensor_proto
    from serving.tensors.protos import saved_model_pb2

    file = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    model.meta_graphs[0].signature_def[signature].defaults[alias].CopyFrom(tensor_proto.from_array(value))
    file.write_bytes(model.SerializeToString())

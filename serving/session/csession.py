"""A SavedModel run by TensorFlow's C++ session, through ctypes because every package for it imports all of TensorFlow.

This is the loader and the `Session::Run` that TensorFlow Serving calls, so what loads, fails or answers here does so
there. `CSession` reads a folder, tells its signatures, and runs named tensors on NumPy arrays, in many threads at once.
"""

import sys
import threading

from serving.session import clibrary, ctensors
from serving.session.errors import SessionError
from serving.session.signatures import read_signatures
from serving.tensors.protos import config_pb2, meta_graph_pb2

FAILED_PRECONDITION = 9


class CSession:
    """Loads the SavedModel in `path` and runs it.

    Args:
        path: the version folder, with saved_model.pb and variables/.
        tags: strings. The meta graph's tag set; TensorFlow Serving asks for ("serve",).
        threads: int or None. Threads inside one operation; None leaves it to TensorFlow, one a core.
        disable_xla: bool or None. As TensorFlow Serving does: a graph that must be compiled fails when it runs. The
            switch is the whole process's; None leaves it alone where Python's TensorFlow is loaded, and shares it.
        runtime: folder of another TensorFlow package whose library shall run the model, or None for the installed one.

    Raises:
        SessionError: with TensorFlow's own code and message, if the folder cannot be loaded.
        clibrary.LibraryError: if there is no C library to load it with.

    A session may be used by many threads at once; `close` waits for the runs under way. As a context manager it closes
    itself.
    """

    def __init__(self, path, tags=("serve",), threads=None, disable_xla=None, runtime=None):
        self.path = str(path)
        self.tags = tuple(tags)
        self._c = clibrary.load(runtime)
        if disable_xla or (disable_xla is None and "tensorflow" not in sys.modules):
            self._c.disable_xla()
        self._running = 0
        self._idle = threading.Condition()
        self._operations = {}
        self._graph = self._session = None
        config = config_pb2.ConfigProto(intra_op_parallelism_threads=threads or 0)
        config.gpu_options.allow_growth = True
        self._open(config.SerializeToString())
        self.signatures = read_signatures(self.meta_graph)

    def _open(self, config):
        c = self._c
        options = c.TF_NewSessionOptions()
        buffer = c.TF_NewBuffer()
        graph = c.TF_NewGraph()
        try:
            with c.status() as status:
                c.TF_SetConfig(options, config, len(config), status)
            with c.status() as status:
                tags = c.strings(self.tags)
                self._session = c.TF_LoadSessionFromSavedModel(
                    options, None, self.path.encode(), tags, len(self.tags), graph, buffer, status)
            self.meta_graph = meta_graph_pb2.MetaGraphDef.FromString(c.buffer_bytes(buffer))
            self._graph, graph = graph, None
        finally:
            if graph:
                c.TF_DeleteGraph(graph)
            c.TF_DeleteBuffer(buffer)
            c.TF_DeleteSessionOptions(options)

    def run(self, feeds, fetches, timeout_ms=None):
        """Runs the graph once.

        Args:
            feeds: {tensor name: array}. Names are `op:index`; strings are arrays of bytes objects.
            fetches: tensor names.
            timeout_ms: int or None. After this many milliseconds TensorFlow gives up with DEADLINE_EXCEEDED.

        Returns:
            A list of NumPy arrays in the order of `fetches`; strings are `object` arrays of bytes.

        Raises:
            SessionError: with TensorFlow's code and message.
        """
        c = self._c
        session = self._enter()
        tensors, results = [], (clibrary.Pointer * len(fetches))()
        options = None
        try:
            for array in feeds.values():
                tensors.append(ctensors.from_array(c, array))
            inputs = (clibrary.Output * len(feeds))(*map(self._output, feeds))
            outputs = (clibrary.Output * len(fetches))(*map(self._output, fetches))
            if timeout_ms is not None:
                options = c.buffer(config_pb2.RunOptions(timeout_in_ms=max(1, int(timeout_ms))).SerializeToString())
            with c.status() as status:
                c.TF_SessionRun(session, options, inputs, (clibrary.Pointer * len(tensors))(*tensors),
                                len(tensors), outputs, results, len(fetches), None, 0, None, status)
            return [ctensors.to_array(c, tensor) for tensor in results]
        finally:
            for tensor in results:
                if tensor:
                    c.TF_DeleteTensor(tensor)
            for tensor in tensors:
                ctensors.free(c, tensor)
            if options:
                c.TF_DeleteBuffer(options)
            self._leave()

    def call(self, signature, inputs, outputs=None, timeout_ms=None):
        """Runs one signature by its aliases: `{alias: array}` in, `{alias: array}` out, defaults filled in.

        Args:
            signature: str. A key of `signatures`.
            inputs: {alias: array}.
            outputs: aliases to compute, or None for all.
            timeout_ms: as in `run`.

        Raises:
            KeyError: for a signature or an alias that the model does not have.
            SessionError: with TensorFlow's code and message.
        """
        return call(self, signature, inputs, outputs, timeout_ms)

    def close(self):
        """Waits for the runs under way and frees the model. A second call does nothing."""
        with self._idle:
            session, self._session = self._session, None
            self._idle.wait_for(lambda: self._running == 0)
        if session:
            with self._c.status(check=False) as status:
                self._c.TF_CloseSession(session, status)
                self._c.TF_DeleteSession(session, status)
            self._c.TF_DeleteGraph(self._graph)

    def _enter(self):
        with self._idle:
            if not self._session:
                raise SessionError(FAILED_PRECONDITION, f"The session of {self.path} is closed.")
            self._running += 1
            return self._session  # `close` forgets it before the run ends

    def _leave(self):
        with self._idle:
            self._running -= 1
            self._idle.notify_all()

    def _output(self, name):
        found = self._operations.get(name)
        if found is None:
            operation, _, index = name.partition(":")
            pointer = self._c.TF_GraphOperationByName(self._graph, operation.encode())
            if not pointer:
                raise SessionError(5, f"Tensor {name}, specified in either feed_devices or fetch_devices was not found "
                                      "in the Graph")
            found = self._operations[name] = clibrary.Output(pointer, int(index or 0))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __del__(self):
        if getattr(self, "_session", None):
            self.close()


def call(session, signature, inputs, outputs=None, timeout_ms=None):
    """`CSession.call` for anything with `signatures` and `run`."""
    known = session.signatures[signature]
    feeds = {known.inputs[alias].tensor: array for alias, array in {**known.defaults, **inputs}.items()}
    aliases = list(known.outputs if outputs is None else outputs)
    # Two aliases may name one tensor; it is fetched twice, which costs a copy and keeps this simple.
    values = session.run(feeds, [known.outputs[alias].tensor for alias in aliases], timeout_ms)
    return dict(zip(aliases, values))

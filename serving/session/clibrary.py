"""TensorFlow's C library, opened with ctypes because its Python package takes seconds: functions, statuses, buffers."""

import contextlib
import ctypes
import functools
import os
import pathlib

from res3d.quiet import muted_stderr
from serving.session.errors import LibraryError, SessionError
from serving.tensors.protos import op_def_pb2, tensorflow_folder

Pointer = ctypes.c_void_p


class Output(ctypes.Structure):
    """One output of one operation, passed by value."""

    _fields_ = (("operation", Pointer), ("index", ctypes.c_int))


class Buffer(ctypes.Structure):
    """Bytes that the library or the caller owns."""

    _fields_ = (("data", Pointer), ("length", ctypes.c_size_t), ("deallocator", Pointer))


_int, _size, _int64, _text = ctypes.c_int, ctypes.c_size_t, ctypes.c_int64, ctypes.c_char_p
_int64s, _outputs, _tensors = ctypes.POINTER(_int64), ctypes.POINTER(Output), ctypes.POINTER(Pointer)
FUNCTIONS = {  # name: (result, arguments)
    "TF_Version": (_text, ()),
    "TF_GetAllOpList": (Pointer, ()),
    "TF_NewStatus": (Pointer, ()),
    "TF_DeleteStatus": (None, (Pointer,)),
    "TF_GetCode": (_int, (Pointer,)),
    "TF_Message": (_text, (Pointer,)),
    "TF_NewGraph": (Pointer, ()),
    "TF_DeleteGraph": (None, (Pointer,)),
    "TF_GraphOperationByName": (Pointer, (Pointer, _text)),
    "TF_NewSessionOptions": (Pointer, ()),
    "TF_SetConfig": (None, (Pointer, _text, _size, Pointer)),
    "TF_DeleteSessionOptions": (None, (Pointer,)),
    "TF_NewBuffer": (Pointer, ()),
    "TF_NewBufferFromString": (Pointer, (_text, _size)),
    "TF_DeleteBuffer": (None, (Pointer,)),
    "TF_LoadSessionFromSavedModel": (Pointer, (Pointer, Pointer, _text, ctypes.POINTER(_text), _int, Pointer, Pointer,
                                               Pointer)),
    "TF_SessionRun": (None, (Pointer, Pointer, _outputs, _tensors, _int, _outputs, _tensors, _int, Pointer, _int,
                             Pointer, Pointer)),
    "TF_CloseSession": (None, (Pointer, Pointer)),
    "TF_DeleteSession": (None, (Pointer, Pointer)),
    "TF_AllocateTensor": (Pointer, (_int, _int64s, _int, _size)),
    "TF_DeleteTensor": (None, (Pointer,)),
    "TF_TensorData": (Pointer, (Pointer,)),
    "TF_TensorByteSize": (_size, (Pointer,)),
    "TF_TensorType": (_int, (Pointer,)),
    "TF_NumDims": (_int, (Pointer,)),
    "TF_Dim": (_int64, (Pointer, _int)),
    "TF_TensorElementCount": (_int64, (Pointer,)),
    "TF_StringInit": (None, (Pointer,)),
    "TF_StringCopy": (None, (Pointer, _text, _size)),
    "TF_StringDealloc": (None, (Pointer,)),
    "TF_StringGetDataPointer": (Pointer, (Pointer,)),
    "TF_StringGetSize": (_size, (Pointer,)),
}
_DISABLE_XLA = "_ZN10tensorflow21DisableXlaCompilationEv"  # tensorflow::DisableXlaCompilation()


class Library:
    """The functions of `FUNCTIONS` as attributes, and the few conveniences that their callers share."""

    def __init__(self, folder):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # RTLD_LOCAL: with global symbols NumPy's random module crashes when it is imported afterwards.
        mode = ctypes.RTLD_LOCAL | os.RTLD_NOW
        try:
            with muted_stderr():
                framework = ctypes.CDLL(str(folder / "libtensorflow_framework.so.2"), mode=mode)
                cc = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"), mode=mode)
        except OSError as error:
            raise LibraryError(f"TensorFlow's C library must be readable in {folder}. Opening it failed: {error}. "
                                 "Linux wheels of TensorFlow carry it.") from error
        self._xla_switch = getattr(cc, _DISABLE_XLA, None)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(cc, name, None) or getattr(framework, name, None)
            if function is None:
                raise LibraryError(f"TensorFlow's C library must have the function {name}. {folder} has none.")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self.version = self.TF_Version().decode()

    def disable_xla(self):
        """Turns compilation off in this process, as TensorFlow Serving does; False where the switch is not exported."""
        if self._xla_switch is not None:
            self._xla_switch()
        return self._xla_switch is not None

    @contextlib.contextmanager
    def status(self, check=True):
        """A status to pass to one call; afterwards raises `SessionError` if that call did not succeed."""
        status = self.TF_NewStatus()
        try:
            yield status
            code = self.TF_GetCode(status)
            if check and code:
                raise SessionError(code, self.TF_Message(status).decode(errors="replace"))
        finally:
            self.TF_DeleteStatus(status)

    def op_names(self):
        """The set of operations that this library knows."""
        buffer = self.TF_GetAllOpList()
        try:
            return {op.name for op in op_def_pb2.OpList.FromString(self.buffer_bytes(buffer)).op}
        finally:
            self.TF_DeleteBuffer(buffer)

    def strings(self, values):
        """A C array of C strings."""
        return (ctypes.c_char_p * len(values))(*[value.encode() for value in values])

    def buffer(self, content):
        """A new buffer that holds a copy of the bytes; free it with `TF_DeleteBuffer`."""
        return self.TF_NewBufferFromString(content, len(content))

    def buffer_bytes(self, buffer):
        """A copy of what a buffer holds."""
        view = ctypes.cast(buffer, ctypes.POINTER(Buffer)).contents
        return ctypes.string_at(view.data, view.length)


@functools.lru_cache(maxsize=4)
def load(runtime=None):
    """The library of the TensorFlow package in the folder `runtime`, or of the installed one; opened once.

    Raises:
        LibraryError: if it cannot be opened or lacks a function.
    """
    return Library(pathlib.Path(runtime) if runtime is not None else tensorflow_folder())

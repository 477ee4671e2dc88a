"""A saved model loads with keras alone, once the package was imported beside it."""

import importlib
import pkgutil
import sys
import types

import keras

import res3d
from res3d import saving


def test_every_registered_class_is_brought_by_one_import():
    for module in pkgutil.walk_packages(res3d.__path__, "res3d."):
        importlib.import_module(module.name)
    brought = {value.__name__ for value in vars(saving).values() if isinstance(value, types.ModuleType)}
    homes = {thing.__module__ for name, thing in keras.saving.get_custom_objects().items() if name.startswith("res3d>")}
    assert homes == brought


def test_the_package_brings_them_where_keras_is_there_already(monkeypatch):
    monkeypatch.delitem(sys.modules, "res3d.saving")
    importlib.reload(res3d)
    assert "res3d.saving" in sys.modules


def test_and_leaves_keras_alone_where_it_is_not(monkeypatch):
    monkeypatch.delitem(sys.modules, "res3d.saving")
    monkeypatch.delitem(sys.modules, "keras")
    importlib.reload(res3d)
    assert "res3d.saving" not in sys.modules

"""Every compiled kernel has a slow, obvious twin with the same face, and one room that calls it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import d2f
from d2f import _native
from d2f.fusion import native as fusion_native
from d2f.fusion import reference as fusion_reference
from d2f.light import native as light_native
from d2f.light import reference as light_reference
from d2f.renderer import native as renderer_native
from d2f.scene import native as scene_native
from d2f.scene import reference as scene_reference

ROOMS = {
    "scene": (scene_native, scene_reference),
    "light": (light_native, light_reference),
    "fusion": (fusion_native, fusion_reference),
}
DEFINED_ELSEWHERE = {"blur"}  # by the torch twin renderer.layered
VALUES = {
    "Kernel",
    "Opening",
    "opening",
    "Layer",
    "kernel_of_runs",
    "kernel_of_weights",
    "layer",
}  # what blur takes
CALLERS = {f"{room}/native.py" for room in (*ROOMS, "renderer")} | {"renderer/plan.py"}

KERNELS = sorted(name for name in dir(_native) if not name.startswith("_"))


@pytest.mark.parametrize("name", [name for name in KERNELS if name not in VALUES])
def test_every_kernel_has_a_twin(name):
    """A kernel that is bound without a definition beside it fails here."""
    if name in DEFINED_ELSEWHERE:
        return
    rooms = [room for room, (_, reference) in ROOMS.items() if name in reference.__all__]
    assert len(rooms) == 1, f"{name} has its twin in {rooms or 'no room'}"


@pytest.mark.parametrize("room", ROOMS)
def test_wrappers_and_twins_have_one_signature(room):
    """Either can be called in place of the other, and neither stands alone."""
    native, reference = ROOMS[room]
    assert native.__all__ == reference.__all__
    assert set(native.__all__) <= set(KERNELS)
    for name in native.__all__:
        kernel, twin = getattr(native, name), getattr(reference, name)
        assert inspect.signature(kernel) == inspect.signature(twin), name


def test_the_blur_and_its_definition_have_one_face():
    """The definition takes the same arguments, but for a number of threads."""
    layered = pytest.importorskip("d2f.renderer.layered", reason="the definition needs torch")
    kernel = inspect.signature(renderer_native.blur).parameters
    twin = inspect.signature(layered.blur).parameters
    assert [*twin, "threads"] == list(kernel)
    assert all(twin[name].default == kernel[name].default for name in twin)


def test_only_wrappers_know_the_compiled_module():
    """The rest of each room calls its kernels by names that have a docstring."""
    root = Path(d2f.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "_native" in path.read_text(encoding="utf-8")
    }
    assert found == CALLERS

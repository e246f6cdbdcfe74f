"""Checkpoints: published files become one safe file, and what is wrong with a file is told."""

from __future__ import annotations

import os
import pickle

import pytest
from typer.testing import CliRunner

from d2f.errors import PhotoError

torch = pytest.importorskip("torch", reason="needs torch: pip install 'd2f[torch]'")
pytest.importorskip("safetensors", reason="needs safetensors: pip install 'd2f[torch]'")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from d2f.cli.app import app  # noqa: E402
from d2f.models.d2f2023 import D2F2023, NARROW  # noqa: E402
from d2f.models.d2f2023.checkpoint import (  # noqa: E402
    converted,
    load_d2f2023,
    model_of_shapes,
    shapes_of,
)


class Trap:
    """A pickle of this makes a folder when it is loaded without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def published_state(*prefixes):
    """Half of the published state, of one stored number per tensor so that files stay small."""
    return {
        key: torch.full((1,), 0.5).expand(shape) if shape else torch.zeros((), dtype=torch.int64)
        for key, shape in shapes_of(model_of_shapes({})).items()
        if key.startswith(prefixes)
    }


@pytest.fixture
def stages(tmp_path):
    """Both files: a mapping with `net` and `optimizer`, and a state from several devices."""
    first = {"net": published_state("midas.", "radiance."), "optimizer": {"param_groups": []}}
    second = {f"module.{key}": value for key, value in published_state("blend.").items()}
    torch.save(first, tmp_path / "stage1.pth")
    torch.save(second, tmp_path / "stage2.pth")
    return tmp_path / "stage1.pth", tmp_path / "stage2.pth"


@pytest.fixture
def narrow(tmp_path):
    """A sound file of a small model."""
    torch.manual_seed(0)
    path = tmp_path / "narrow.safetensors"
    save_file(D2F2023(**NARROW).state_dict(), path)
    return path


def test_two_published_files_become_one(stages, tmp_path):
    """Every tensor is there as float32; the file tells where it came from; it loads again."""
    target = tmp_path / "d2f2023.safetensors"
    result = CliRunner().invoke(app, ["weights", "convert", *map(str, stages), "-o", str(target)])
    assert result.exit_code == 0, result.output
    with safe_open(target, "pt") as file:
        notes = file.metadata()
        assert len(file.keys()) == 374
        assert file.get_tensor("blend.conv1.0.weight").unique().tolist() == [0.5]
    assert notes["model"] == "d2f2023"
    assert len(notes["stage1_sha256"]) == len(notes["stage2_sha256"]) == 64
    result = CliRunner().invoke(app, ["weights", "verify", str(target)])
    assert "41,613,779 parameters, the published size" in result.output
    assert f"stage1 {notes['stage1_sha256'][:12]}" in result.output
    kept = list(tmp_path.iterdir())
    assert len(kept) == 3, "a conversion leaves one file"


def test_an_existing_file_is_kept(stages, tmp_path):
    """Nothing is replaced without --overwrite, and that is told before any work."""
    target = tmp_path / "kept.safetensors"
    target.write_text("mine")
    result = CliRunner().invoke(app, ["weights", "convert", *map(str, stages), "-o", str(target)])
    assert "exists already" in str(result.exception)
    assert target.read_text() == "mine"


def test_swapped_stages_are_told(stages):
    """Whoever gives stage 2 first is told which is which."""
    with pytest.raises(PhotoError, match=r"stage2.pth holds stage 2 .* give stage 1"):
        converted(stages[1], stages[0])


def test_everything_wrong_with_a_state_is_named(stages, tmp_path):
    """Missing and unexpected keys, other shapes and values that are no numbers, in one sentence."""
    state = published_state("blend.")
    del state["blend.conv1.0.bias"]
    state["blend.conv3.weight"] = torch.zeros(1)
    state["blend.conv2.0.weight"] = torch.zeros(16, 64, 1, 1)
    state["blend.conv2.4.bias"] = torch.tensor([float("nan")])
    torch.save(state, tmp_path / "wrong.pth")
    with pytest.raises(PhotoError) as refusal:
        converted(stages[0], tmp_path / "wrong.pth")
    for words in (
        "1 missing (blend.conv1.0.bias)",
        "1 unexpected (blend.conv3.weight)",
        "blend.conv2.0.weight is (16, 64, 1, 1) instead of (16, 64, 3, 3)",
        "1 not finite (blend.conv2.4.bias)",
    ):
        assert words in str(refusal.value)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("archive", [True, False])
def test_code_in_a_checkpoint_is_named_and_not_run(stages, tmp_path, protocol, archive):
    """A pickle that would do something is refused unread, however it was saved."""
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    content = {"net": Trap(trace), "optimizer": {}}
    if archive:
        torch.save(content, path, pickle_protocol=protocol)
    else:
        path.write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(PhotoError, match=r"evil.pth holds code \(\w+.mkdir\)"):
        converted(path, stages[1])
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut", b"\x80\x02}"])
def test_what_is_no_checkpoint_is_refused(stages, tmp_path, content):
    """Empty, text, cut archives and cut pickles."""
    path = tmp_path / "odd.pth"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=r"odd.pth is no checkpoint of torch"):
        converted(path, stages[1])


def test_a_missing_file_and_a_list_are_refused(stages, tmp_path):
    """The name and the reason."""
    with pytest.raises(PhotoError, match=r"none.pth cannot be read: No such file"):
        converted(tmp_path / "none.pth", stages[1])
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(PhotoError, match="holds no state of a network"):
        converted(tmp_path / "list.pth", stages[1])


def test_a_narrow_file_loads_with_its_values(narrow):
    """Width and blocks come from the file."""
    torch.manual_seed(0)
    model = D2F2023(**NARROW)
    loaded = load_d2f2023(narrow)
    assert not loaded.training
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


def test_counters_may_be_missing(narrow):
    """Files older than the batch counters load all the same."""
    state = {
        key: value
        for key, value in load_d2f2023(narrow).state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    save_file(state, narrow)
    loaded = load_d2f2023(narrow).state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("blend.conv1.0.bias"), r"1 missing \(blend.conv1.0.bias\)"),
        (lambda state: state.update(new=torch.zeros(2)), r"1 unexpected \(new\)"),
        (
            lambda state: state.update({"radiance.conv3.bias": torch.zeros(2)}),
            r"radiance.conv3.bias is \(2,\) instead of \(1,\)",
        ),
        (lambda state: state["radiance.conv1.bias"].fill_(float("inf")), "1 not finite"),
        (lambda state: state.clear(), r"321 missing \(.* and 318 more\)"),
    ],
)
def test_a_wrong_safetensors_file_is_told(narrow, change, words):
    """A key, a shape or a value amiss, by name."""
    state = {key: value.clone() for key, value in load_d2f2023(narrow).state_dict().items()}
    change(state)
    save_file(state, narrow)
    with pytest.raises(PhotoError, match=words):
        load_d2f2023(narrow)


def test_cut_and_foreign_files_are_told_apart(narrow, stages):
    """A damaged safetensors file, and one that still has to be converted."""
    content = narrow.read_bytes()
    narrow.write_bytes(content[: len(content) // 2])
    with pytest.raises(PhotoError, match=r"no safetensors file, or a damaged one"):
        load_d2f2023(narrow)
    with pytest.raises(PhotoError, match=r"run d2f weights convert STAGE1.pth STAGE2.pth"):
        load_d2f2023(stages[1])
    with pytest.raises(PhotoError, match="cannot be read"):
        load_d2f2023(narrow.with_name("none.safetensors"))

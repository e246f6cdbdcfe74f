"""LPIPS is the formula of its paper, here against plain NumPy with weights of chance."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import PhotoError
from d2f.evaluate.pairs.lpips import LAYERS, SHAPES, Lpips

torch = pytest.importorskip("torch")

RELATIVE = 1e-4  # worst seen 2e-7: float32 sums in another order


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """Weights of AlexNet's shapes under the official package's keys."""
    rng = np.random.default_rng(11)
    state = {}
    for index, ((key, *_), shape) in enumerate(zip(LAYERS, SHAPES, strict=True)):
        scale = np.sqrt(2 / np.prod(shape[1:]))
        values = {
            f"{key}.weight": rng.normal(0, scale, shape),
            f"{key}.bias": rng.normal(0, 0.1, shape[0]),
            f"lin{index}.model.1.weight": rng.uniform(0, 1, (1, shape[0], 1, 1)),
        }
        state |= {
            name: torch.from_numpy(value.astype(np.float32)) for name, value in values.items()
        }
    return state


def correlated(
    value: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, stride: int, padding: int
) -> np.ndarray:
    """A convolution as deep-learning libraries mean it, from its definition."""
    value = np.pad(value, ((0, 0), (padding, padding), (padding, padding)))
    side = weight.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(value, (side, side), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    return np.einsum("cyxij,ocij->oyx", windows, weight, optimize=True) + bias[:, None, None]


def pooled(value: np.ndarray) -> np.ndarray:
    """Maxima of 3 x 3 at every second place."""
    windows = np.lib.stride_tricks.sliding_window_view(value, (3, 3), axis=(1, 2))
    return windows[:, ::2, ::2].max(axis=(3, 4))


def features(picture: np.ndarray, state: dict[str, torch.Tensor]) -> list[np.ndarray]:
    """AlexNet's five rectified layers, each pixel's feature of length 1."""
    shift, scale = [-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]
    value = ((2 * picture - 1 - shift) / scale).transpose(2, 0, 1)
    layers = [(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]
    found = []
    for index, (stride, padding) in enumerate(layers):
        key = ["net.slice1.0", "net.slice2.3", "net.slice3.6", "net.slice4.8", "net.slice5.10"][
            index
        ]
        if index in (1, 2):
            value = pooled(value)
        weight, bias = (state[f"{key}.{part}"].double().numpy() for part in ("weight", "bias"))
        value = np.maximum(correlated(value, weight, bias, stride=stride, padding=padding), 0)
        found.append(value / (np.sqrt((value**2).sum(axis=0, keepdims=True)) + 1e-10))
    return found


def test_the_figure_is_that_of_the_papers_formula(state):
    """Weighted squared differences of unit features, averaged over places, summed over layers."""
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0, 1, (2, 79, 95, 3)).astype(np.float32)
    expected = 0.0
    for index, (x, y) in enumerate(zip(features(a, state), features(b, state), strict=True)):
        weight = state[f"lin{index}.model.1.weight"].double().numpy()[0]
        expected += (weight * (x - y) ** 2).sum(axis=0).mean()
    assert Lpips(state)(a, b) == pytest.approx(expected, rel=RELATIVE)
    assert Lpips(state)(a, a) == 0.0


def test_weights_are_read_from_the_official_packages_state(state, tmp_path):
    """Keys that it holds besides are no trouble."""
    path = tmp_path / "alex.pth"
    torch.save(state | {"scaling_layer.shift": torch.zeros(1, 3, 1, 1)}, path)
    picture = np.random.default_rng(3).uniform(0, 1, (2, 64, 64, 3)).astype(np.float32)
    assert Lpips.load(path)(*picture) == Lpips(state)(*picture)


def test_weights_that_are_none_are_refused(state, tmp_path):
    """Missing file, no checkpoint, a missing key, a wrong shape."""
    with pytest.raises(PhotoError, match=r"none\.pth cannot be read"):
        Lpips.load(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("weights", encoding="utf-8")
    with pytest.raises(PhotoError, match=r"text\.pth holds no weights of LPIPS"):
        Lpips.load(tmp_path / "text.pth")
    short = {key: value for key, value in state.items() if key != "lin4.model.1.weight"}
    torch.save(short, tmp_path / "short.pth")
    with pytest.raises(PhotoError, match=r"has no lin4\.model\.1\.weight of shape \(1, 256"):
        Lpips.load(tmp_path / "short.pth")
    torch.save(state | {"net.slice1.0.bias": torch.zeros(3)}, tmp_path / "wrong.pth")
    with pytest.raises(PhotoError, match=r"net\.slice1\.0\.bias of shape \(64,\)"):
        Lpips.load(tmp_path / "wrong.pth")

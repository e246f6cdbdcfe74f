"""PSNR and SSIM have the values that the libraries of the field, or a hand, compute."""

from __future__ import annotations

import math

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.measures.similarity import psnr, ssim

# Worst seen: 4e-15 against scikit-image, 1.2e-6 against torchmetrics (float32).
AGREEMENT = 2e-5
WINDOWS = ("uniform", "gaussian", "gaussian_mirrored")


@pytest.fixture(scope="module", params=[(40, 57), (11, 11), (128, 96)])
def pictures(request) -> tuple[np.ndarray, np.ndarray]:
    """A soft colour picture and a noisy, darker copy, 8-bit codes as fractions of white."""
    rows, columns = request.param
    rng = np.random.default_rng(rows)
    y, x = np.mgrid[:rows, :columns]
    waves = [0.5 + 0.4 * np.sin(x / (3.0 + k) + y / (7.0 - k)) for k in range(3)]
    target = np.stack(waves, axis=-1)
    output = np.clip(0.8 * target + rng.normal(0, 0.05, target.shape), 0, 1)
    return np.rint(output * 255) / 255, np.rint(target * 255) / 255


def test_both_figures_agree_with_scikit_image(pictures):
    """Also the Gaussian window, asked for with MATLAB's options."""
    metrics = pytest.importorskip("skimage.metrics")
    output, target = pictures
    theirs = metrics.peak_signal_noise_ratio(target, output, data_range=1.0)
    assert psnr(output, target) == pytest.approx(theirs, abs=AGREEMENT)
    theirs = metrics.structural_similarity(output, target, data_range=1.0, channel_axis=2)
    assert ssim(output, target, window="uniform") == pytest.approx(theirs, abs=AGREEMENT)
    theirs = metrics.structural_similarity(
        output,
        target,
        data_range=1.0,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(output, target, window="gaussian") == pytest.approx(theirs, abs=AGREEMENT)


def test_codes_and_fractions_of_white_score_the_same(pictures):
    """Range 255 on codes is range 1 on fractions, in every figure."""
    output, target = pictures
    assert psnr(output * 255, target * 255, peak=255) == pytest.approx(psnr(output, target))
    for window in WINDOWS:
        told = ssim(output * 255, target * 255, window=window, value_range=255)
        assert told == pytest.approx(ssim(output, target, window=window))


def test_both_figures_agree_with_torchmetrics(pictures):
    """Its defaults are the Gaussian window, mirrored at the border since its version 1.5."""
    functional = pytest.importorskip("torchmetrics.functional.image")
    torch = pytest.importorskip("torch")
    output, target = pictures
    a, b = (torch.from_numpy(p.transpose(2, 0, 1)[None].copy()).float() for p in pictures)
    theirs = float(functional.peak_signal_noise_ratio(a, b, data_range=1.0))
    assert psnr(output, target) == pytest.approx(theirs, abs=AGREEMENT)
    theirs = float(functional.structural_similarity_index_measure(a, b, data_range=1.0))
    assert ssim(output, target, window="gaussian_mirrored") == pytest.approx(theirs, abs=AGREEMENT)


def test_psnr_of_a_constant_error_is_its_ratio_to_the_peak():
    """An error of a tenth everywhere is 20 dB below white; none at all is infinitely far below."""
    grey = np.full((8, 8, 3), 0.5)
    assert psnr(grey + 0.1, grey) == pytest.approx(20.0)
    assert psnr(grey + 0.1, grey, peak=0.6) == pytest.approx(20 * math.log10(6))
    assert psnr(grey, grey) == math.inf


@pytest.mark.parametrize("window", WINDOWS)
def test_ssim_of_flat_pictures_is_that_of_their_means(window):
    """Without structure only the luminance term is left; equal pictures score 1."""
    dark, bright = np.full((16, 16, 3), 0.2), np.full((16, 16, 3), 0.6)
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert ssim(dark, bright, window=window) == pytest.approx(expected)
    assert ssim(dark, dark, window=window) == pytest.approx(1.0)


def test_what_cannot_be_compared_is_refused():
    """The message tells both shapes, or the window's size."""
    picture = np.zeros((16, 16, 3))
    with pytest.raises(UsageError, match=r"\(16, 16, 3\) and \(16, 15, 3\)"):
        psnr(picture, picture[:, :15])
    with pytest.raises(UsageError, match="16 x 10 px is smaller than SSIM's window of 11 px"):
        ssim(picture[:10], picture[:10], window="gaussian")

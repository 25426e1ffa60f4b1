"""Is what the exercises share exact, at any size, and the same on any number of cores?"""
import hashlib
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import exercises
import pytest
from conftest import ROOT

import common
import numpy as np

Z = np.float32([-1e4, -100, -20, -1, 0, 1, 20, 100, 1e4]).reshape(-1, 1)


@pytest.mark.filterwarnings("error")
def test_sigmoid_is_exact_for_any_z():
    with np.errstate(over="ignore"):
        exact = 1 / (1 + np.exp(-Z.astype(float)))
    A = common.sigmoid(Z)
    assert A.dtype == np.float32
    np.testing.assert_allclose(A, exact, rtol=3e-7, atol=1e-38)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("target", [0, 1])
def test_losses_are_exact_for_any_z(target):
    Y = np.full_like(Z, target)
    exact = np.logaddexp(0, np.where(Y == 1, -1, 1) * Z.astype(float))
    for z, y, loss in zip(Z, Y, exact):
        found = common.binary_cross_entropy(z.reshape(1, 1), y.reshape(1, 1))
        np.testing.assert_allclose(found, loss.item(), rtol=3e-7, atol=1e-38)
        if target:
            ten = np.zeros((1, 10), np.float32)
            ten[0, 3] = z.item()
            found = common.categorical_cross_entropy(ten, common.one_hot(np.array([3])))
            np.testing.assert_allclose(found, loss.item(), rtol=3e-7, atol=1e-38)


@pytest.mark.parametrize("m", [1, 16, 500, 1999, 2000])
@pytest.mark.parametrize("units", [1, 10, 64, 200])
def test_layers_of_any_size_agree_with_the_formula(m, units):
    rng = np.random.default_rng(0)
    X, W, b, dZ = (rng.normal(size=size).astype(np.float32)
                   for size in ((m, 784), (units, 784), units, (m, units)))
    dW, db = common.linear_backward(dZ, X, "layer")
    for value, exact in ((common.linear_forward(X, W, b, "layer"), X @ W.T.astype(float) + b),
                         (dW, dZ.T @ X.astype(float)), (db, dZ.sum(axis=0, dtype=float))):
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())


def test_wrong_shapes_are_named():
    X, W, b = np.ones((5, 784)), np.ones((784, 64)), np.ones(64)
    message = r"hidden layer: W has shape \(784, 64\), but must have \(64, 784\)"
    with pytest.raises(ValueError, match=message):
        common.linear_forward(X, W, b, "hidden layer")
    with pytest.raises(ValueError, match=r"output layer: dZ has shape \(64, 5\), but must have"):
        common.linear_backward(W[:5].T[:64], X, "output layer")


def test_mean_over_blocks_is_the_mean_and_the_same_on_any_number_of_cores(monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.random((7 * common.BLOCK_ROWS + 123, 784), np.float32), rng.random((14123, 1))

    def means(X, Y):
        return X.mean(), Y.mean(), common.linear_backward(X[:, :64] / len(X), X, "layer")[0]

    results = []
    for workers in (1, 2, 5):
        monkeypatch.setattr(common, "_workers", ThreadPoolExecutor(workers))
        results.append(common.mean_over_blocks(means, X, Y))
    for value, exact in zip(results[0], (X.mean(dtype=float), Y.mean(), X[:, :64].T @ X / len(X))):
        np.testing.assert_allclose(value, exact, rtol=1e-5)
    for result in results[1:]:
        assert all(map(np.array_equal, result, results[0]))


@pytest.mark.parametrize("name", exercises.NAMES)
def test_the_same_seed_gives_the_same_numbers_to_the_last_bit(name, run_main):
    module = exercises.load(name)
    first, again, other = (run_main(module, "--epochs=3", f"--seed={seed}") for seed in (5, 5, 6))
    assert first.test_loss == again.test_loss and first.accuracy == again.accuracy
    assert first.test_loss != other.test_loss


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, text=True,
                          capture_output=True).stdout.split()


def test_workers_and_blas_never_both_take_all_cores():
    assert python("import numpy, common; print(common.WORKERS)") == ["1"]
    assert python("import common, os; print(common.WORKERS, os.environ['OPENBLAS_NUM_THREADS'])") \
        == [str(len(os.sched_getaffinity(0))), "1"]


def test_importing_common_does_not_import_tensorflow():
    assert python("import common, sys; print('tensorflow' in sys.modules)") == ["False"]


def test_mnist_is_what_keras_expects_and_needs_no_network(monkeypatch):
    file = ROOT / ".keras" / "datasets" / "mnist.npz"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == (
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")

    def no_network(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    train, test = common.load_mnist()
    for (X, labels), m in ((train, 60_000), (test, 10_000)):
        assert X.shape == (m, 784) and X.dtype == np.float32 and X.flags.c_contiguous
        assert X.ctypes.data % 64 == 0, "rows do not begin at lines of the cache"
        assert X.min() == 0 and X.max() == 1
        assert labels.shape == (m,) and set(labels) == set(range(10))
    assert common.is_digit(train[1], 0).sum() == 5923
    assert common.one_hot(test[1]).sum(axis=0).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]

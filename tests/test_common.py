"""Is what the exercises share exact, at any size, and the same on any number of cores?"""
import hashlib
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
    for dtype, tolerance in (np.float32, 3e-7), (np.float64, 3e-16):
        A = common.sigmoid(Z.astype(dtype))
        assert A.dtype == dtype
        np.testing.assert_allclose(A, exact, rtol=tolerance, atol=1e-38)
    assert common.sigmoid(np.array([[0]])) == 0.5  # of integers, too


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_those_of_the_report(dtype):
    A = np.array([0, 0.01, 0.5, 0.99, 1], dtype).reshape(-1, 1)
    for target in (0, 1):
        Y = np.full_like(A, target)
        exact = -np.log((A if target else 1 - A).astype(float) + 0.0001).mean()
        loss = common.binary_cross_entropy(A, Y)
        assert loss.dtype == np.float64 and loss == pytest.approx(exact, rel=1e-6)
    report_loss = exercises.load("lab2_3_skeleton").report_loss
    ten, Y = np.full((5, 10), 0.3, dtype), np.zeros((5, 10), dtype)
    ten[:, 3:4], Y[:, 3] = A, 1
    exact = -np.log(np.array([np.nextafter(dtype(0), dtype(1)), 0.01, 0.5, 0.99, 1], float)).mean()
    loss = report_loss(ten, Y)
    assert loss.dtype == np.float64 and loss == pytest.approx(exact, rel=1e-6)
    for nonsense in (np.nan, -0.1):
        ten[0, 3] = nonsense
        with np.errstate(invalid="ignore"):
            assert np.isnan(report_loss(ten, Y))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", [0, 1, 1249, 1250, 1251, 3000])
@pytest.mark.parametrize("units", [1, 10, 64])
def test_layers_of_any_size_agree_with_the_formula(m, units, dtype):
    rng = np.random.default_rng(0)
    X, W, b, dZ = (rng.normal(size=size).astype(dtype)
                   for size in ((m, 784), (units, 784), units, (m, units)))
    dW, db = common.linear_backward(dZ, X)
    db_shared = common.linear_backward(dZ, X, True)[1]
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    for value, exact in ((common.linear_forward(X, W, b), X @ W.T.astype(float) + b),
                         (common.linear_forward(X, W, b[:1]), X @ W.T.astype(float) + b[0]),
                         (common.sigmoid(dZ), 1 / (1 + np.exp(-dZ.astype(float)))),
                         (dW, dZ.T @ X.astype(float)), (db, dZ.sum(axis=0, dtype=float)),
                         (db_shared, dZ.sum(keepdims=True, dtype=float).reshape(1))):
        assert value.dtype == dtype and value.shape == exact.shape
        scale = np.abs(exact).max(initial=1) + np.sqrt(m * units)
        np.testing.assert_allclose(value, exact, rtol=0, atol=tolerance * scale)


def test_wrong_shapes_are_named():
    X, W, b = np.ones((5, 784)), np.ones((64, 784)), np.ones(64)
    for call, message in (
            (lambda: common.linear_forward(X, W.T, b), "W has shape (784, 64), not (784, 784)"),
            (lambda: common.linear_forward(X, W[0], b), "W has shape (784,), not (1, 784)"),
            (lambda: common.linear_forward(X, W, b[:3]), "b has shape (3,), not (64,) or (1,)"),
            (lambda: common.linear_forward(X, W, 0.5), "b has shape (), not (64,) or (1,)"),
            (lambda: common.linear_backward(X[:, :10].T, X), "dZ has shape (10, 5), not (5, 5)"),
            (lambda: common.linear_backward(X[:, 0], X), "dZ has shape (5,), not (5, 1)"),
            (lambda: common.binary_cross_entropy(X[:, :1], X[:, 0]), "Y has shape (5,), not (5, 1)")):
        with pytest.raises(common.Mistake, match=re.escape(message)):
            call()


def test_results_are_the_same_on_any_number_of_cores(monkeypatch):
    rng = np.random.default_rng(0)
    X, W, dZ = (rng.random(shape, np.float32) for shape in ((14123, 784), (64, 784), (14123, 64)))
    results = []
    for workers in (1, 2, 5):
        monkeypatch.setattr(common, "WORKERS", workers)
        monkeypatch.setattr(common, "_workers", ThreadPoolExecutor(workers))
        results.append([common.linear_forward(X, W, W[:, 0]), common.sigmoid(dZ),
                        *common.linear_backward(dZ, X)])
    for result in results[1:]:
        assert all(map(np.array_equal, result, results[0]))


def test_helpers_run_on_all_workers(monkeypatch):
    """Each worker waits until another is at work, too: with one alone this would end in an error."""
    from threading import Barrier, BrokenBarrierError
    barrier = Barrier(2, timeout=10)
    monkeypatch.setattr(common, "WORKERS", 2)
    monkeypatch.setattr(common, "_workers", ThreadPoolExecutor(2))
    try:
        common._share_rows(lambda X: barrier.wait(), np.zeros((2 * common.BLOCK_ROWS, 1)))
    except BrokenBarrierError:
        pytest.fail("the blocks are not shared among the workers")


@pytest.mark.parametrize("name", exercises.NAMES)
def test_the_same_seed_gives_the_same_numbers_to_the_last_bit(name, few):
    module = exercises.reset(exercises.load(name))
    first, again, other = (module.main(["--epochs=3", f"--seed={seed}"])[0] for seed in (5, 5, 6))
    assert first.test_loss == again.test_loss and first.accuracy == again.accuracy
    assert first.test_loss != other.test_loss


def python(code, **variables):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("OPENBLAS")} | variables
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, text=True,
                          capture_output=True, env=environment).stdout.split()


def test_workers_and_blas_never_both_take_all_cores():
    assert python("import numpy, common; print(common.WORKERS)") == ["1"]
    assert python("import common, os; print(common.WORKERS, os.environ['OPENBLAS_NUM_THREADS'])") \
        == [str(len(os.sched_getaffinity(0))), "1"]


def test_the_kernel_of_openblas():
    """Set where the processor is a Zen 5 with AVX-512, and nowhere else; the user's choice wins."""
    code = "import common, os; print(os.environ.get('OPENBLAS_CORETYPE'))"
    cpuinfo = Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    family = re.search(r"^cpu family\s*: (\d+)", cpuinfo, flags=re.M)
    needed = {"AuthenticAMD", "avx512f", "avx512dq", "avx512bw", "avx512vl"}
    is_zen_5 = family and int(family[1]) >= 26 and needed <= set(cpuinfo.split())
    assert python(code) == ["SkylakeX" if is_zen_5 else "None"]
    assert python(code, OPENBLAS_CORETYPE="Haswell") == ["Haswell"]
    for processor, kernel in (("AuthenticAMD 26 avx512f avx512dq avx512bw avx512vl", "SkylakeX"),
                              ("AuthenticAMD 25 avx512f avx512dq avx512bw avx512vl", "None"),
                              ("AuthenticAMD 26 avx512f avx512dq avx512bw", "None"),
                              ("GenuineIntel 26 avx512f avx512dq avx512bw avx512vl", "None")):
        vendor, number, *flags = processor.split()
        made_up = f"vendor_id\t: {vendor}\ncpu family\t: {number}\nflags\t\t: {' '.join(flags)}\n\n"
        pretend = ("import pathlib; read = pathlib.Path.read_text\n"
                   f"pathlib.Path.read_text = lambda path: {made_up!r} "
                   "if str(path) == '/proc/cpuinfo' else read(path)\n")
        if sys.platform == "linux":
            assert python(pretend + code) == [kernel], processor


def test_importing_common_does_not_import_tensorflow():
    assert python("import common, sys; print('tensorflow' in sys.modules)") == ["False"]


def test_two_runs_never_write_to_the_same_file(few, monkeypatch, tmp_path):
    """A figure is first written to a file that bears the number of the process."""
    monkeypatch.undo()
    monkeypatch.setattr(common, "FIGURES", tmp_path)
    written = []

    class Figure:
        def savefig(self, path):
            written.append(path)
            path.write_bytes(b"picture")

    settings = common.read_settings("", vars(exercises.load("lab2_skeleton")), [])
    run = common.Run(settings, common.REPORT["A"])
    run.loss = run.accuracy = run.test_loss = run.test_accuracy = [0.5]
    for process in (111, 222):
        monkeypatch.setattr(os, "getpid", lambda: process)
        run.finish({"figure.png": Figure()})
    assert len(set(written)) == 2 and tmp_path / "figure.png" not in written
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"] and run.status == 0
    (tmp_path / "figure.png").unlink()
    (tmp_path / "figure.png").mkdir()  # not to be replaced, like a picture in use on Windows
    run.finish({"figure.png": Figure()})
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"] and run.status == 1


def test_the_first_quantity_that_is_not_finite_is_blamed(few, monkeypatch, capsys):
    """A nan spreads from dW to W by the update, and from W to A."""
    settings = common.read_settings("", vars(exercises.load("lab2_skeleton")), [])
    for spoilt in (["dW", "W", "A"], ["W", "A"], ["A"], []):
        seen = {name: np.full(1, np.nan if name in spoilt else 0.5) for name in "X W b A Y dW".split()}
        monkeypatch.setattr(common, "_seen", seen)
        run = common.Run(settings, common.REPORT["A"])
        run.loss, run.epoch = [0.5], 7
        run.record(np.nan, 0.5, np.nan, 0.5)
        blamed = spoilt[0] if spoilt else "the loss"
        assert capsys.readouterr().err.startswith(f"error: {blamed} is not finite at epoch 7; ")
        assert (run.done, run.status, run.loss) == (True, 1, [0.5])


def test_mnist_is_what_keras_expects_and_needs_no_network(monkeypatch):
    file = ROOT / ".keras" / "datasets" / "mnist.npz"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == (
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")

    def no_network(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for precision in (np.float32, np.float64):
        train, test = common.load_mnist(precision)
        for (X, labels), m in ((train, 60_000), (test, 10_000)):
            assert X.shape == (m, 784) and X.dtype == precision and X.flags.c_contiguous
            assert X.min() == 0 and X.max() == 1
            assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"
            assert labels.shape == (m,) and set(labels) == set(range(10))
    assert np.bincount(train[1])[0] == 5923
    assert np.bincount(test[1]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]

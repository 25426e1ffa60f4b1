"""Is what the exercises share exact, and does it say what is wrong?"""
import contextlib
import os
import socket
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from conftest import ROOT

import common

full = pytest.mark.full


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 3e-7), (np.float64, 3e-16)])
def test_sigmoid_is_exact_for_any_z(dtype, tolerance):
    Z = [-1e4, -700, -100, -20, -1, 0, 1, 20, 100, 1e4]
    exact = [float(1 / (1 + Decimal(-z).exp())) for z in Z]
    A = common.sigmoid(np.array(Z, dtype))
    assert A.dtype == dtype, f"common.sigmoid() turns {np.dtype(dtype)} into {A.dtype}"
    for z, value, wanted in zip(Z, A, exact):
        assert abs(value - wanted) <= tolerance * wanted + 1e-38, (
            f"common.sigmoid({z:g}) is {value:.4g}, not {wanted:.4g}")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m, units", [(1, 1), (300, 1), (300, 10), (300, 64)])
def test_a_layer_agrees_with_whole_numbers(m, units, dtype):
    """Of small whole numbers all sums are exact, in any order and in both precisions."""
    rng = np.random.default_rng(0)
    X, W, b, dZ = (rng.integers(-9, 10, size)
                   for size in ((m, 784), (units, 784), units, (m, units)))
    Z = [[sum(x * w) + b for w, b in zip(W, b)] for x in X[:5]]
    dW = sum(np.multiply.outer(dz, x) for dz, x in zip(dZ, X))
    X_, W_, b_, dZ_ = (array.astype(dtype) for array in (X, W, b, dZ))
    results = {"linear_forward(X, W, b)": (common.linear_forward(X_, W_, b_)[:5], Z),
               "linear_forward(X, W, 2)": (common.linear_forward(X_, W_, 2), X @ W.T + 2),
               "linear_backward(dZ, X)[0]": (common.linear_backward(dZ_, X_)[0], dW),
               "linear_backward(dZ, X)[1]": (common.linear_backward(dZ_, X_)[1], sum(dZ))}
    for name, (value, exact) in results.items():
        assert np.shape(value) == np.shape(exact), f"common.{name} has shape {np.shape(value)}"
        assert np.array_equal(value, exact), f"common.{name} is wrong"
        assert value.dtype == dtype, f"common.{name} turns {np.dtype(dtype)} into {value.dtype}"


def test_accuracy_counts_what_is_classified_correctly():
    A, Y = np.array([[0.9], [0.2], [0.5], [0.4], [0.6]]), np.array([[1], [0], [0], [1], [0]])
    assert common.accuracy(A, Y) == 0.6, "common.accuracy() is wrong for one output"
    A = np.array([[0.1, 0.2, 0.1], [0.8, 0.9, 0.1], [0.3, 0.2, 0.1], [0, 0, 1]])
    assert common.accuracy(A, np.eye(3)[[1, 0, 0, 2]]) == 0.75, (
        "common.accuracy() is wrong for several outputs")


@pytest.mark.parametrize("A, Y", [(np.ones((5, 1)), np.ones(5)), (np.ones(5), np.ones(5)),
                                  (None, np.ones((5, 1))), (np.ones((5, 1)), np.ones((1, 5)))])
def test_shapes_that_do_not_fit_are_an_error(A, Y):
    """Else (m, 1) and (m,) give (m, m): 14 GB for the loss on all training images."""
    with pytest.raises(ValueError, match=r"A \(.*\) and Y \(.*\) need one shape: \(images, out"):
        common.accuracy(A, Y)


@pytest.mark.parametrize("way", ["TensorFlow", "NumPy"])
def test_mnist_needs_no_network(way, monkeypatch, capsys):
    if way == "TensorFlow":
        pytest.importorskip("tensorflow.keras")
    else:
        for name in "tensorflow", "tensorflow.keras.datasets":  # as if it were not installed
            monkeypatch.setitem(sys.modules, name, None)

    def no_network(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for precision in (np.float32, np.float64):
        train, test = common.load_mnist(precision)
        for (X, labels), m in (train, 60_000), (test, 10_000):
            assert X.shape == (m, 784) and X.dtype == precision and X.flags.c_contiguous
            assert X.min() == 0 and X.max() == 1 and labels.shape == (m,)
            assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"
    assert np.bincount(train[1])[0] == 5923
    assert np.bincount(test[1]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(train[0].sum(), 3) == 6146268.857 and round(test[0][7].sum(), 4) == 82.5961
    assert ("NumPy loads it" in capsys.readouterr().err) == (way == "NumPy")


TRACEBACK = "Traceback (most recent call last):\n  File x\nImportError: DLL load failed\n\n\nSee"


@full
@pytest.mark.parametrize("error, words", [(ImportError(TRACEBACK), "(ImportError: DLL load failed"),
                                          (Exception(), "(")])
def test_whatever_stops_tensorflow_numpy_loads_the_same_file(error, words, monkeypatch, tmp_path,
                                                             capsys):
    @contextlib.contextmanager
    def fails():
        raise error
        yield

    monkeypatch.setattr(common, "hidden_log", fails)
    socket.setdefaulttimeout(7)
    try:
        (X, _), _ = common.load_mnist()
        assert len(X) == 60_000 and capsys.readouterr().err == (
            f"TensorFlow cannot {words}): NumPy loads it\n")
        assert socket.getdefaulttimeout() == 7
        for name in ("keras.py", "tensorflow.py"):
            (tmp_path / name).touch()
            with monkeypatch.context() as patch:
                patch.setattr(common, "ROOT", tmp_path)
                common.load_mnist()
            assert f"; see {tmp_path / name})" in capsys.readouterr().err
            (tmp_path / name).unlink()
    finally:
        socket.setdefaulttimeout(None)


@full
def test_the_log_of_an_import_is_hidden(capfd):
    def free_descriptors():
        descriptors = [os.dup(2) for _ in range(3)]
        for descriptor in descriptors:
            os.close(descriptor)
        return descriptors

    before = free_descriptors()
    with pytest.raises(ImportError), common.hidden_log():
        os.write(2, b"hidden ")
        raise ImportError
    os.write(2, b"back")
    assert capfd.readouterr().err == "back" and free_descriptors() == before


@full
def test_where_there_is_no_standard_error(monkeypatch):
    """As in IDLE on Windows."""
    monkeypatch.setattr(sys, "__stderr__", None)
    monkeypatch.setattr(common, "hidden_log", None)
    common.load_mnist()


@full
def test_false_warnings_of_products_are_not_shown():
    """On Apple silicon NumPy warns of right ones; here, of products that are not finite."""
    code = "import common, numpy; common.linear_forward(numpy.array([[numpy.inf, 1]]), 0 * {}, 0)"
    for W, shown in ("numpy.ones((1, 2))", False), ("numpy.array([[1, 2]]) / 0", True):
        errors = subprocess.run([sys.executable, "-c", code.format(W)], cwd=ROOT, text=True,
                                capture_output=True, check=True).stderr
        assert ("RuntimeWarning" in errors) == shown, errors
        assert "matmul" not in errors


@full
@pytest.mark.parametrize("arguments, result", [
    ("", (500, 0.8, 138)), ("--epochs 1 --learning-rate 50 --seed 0", (1, 50.0, 0)),
    ("--seed 4294967295 --learning-rate 1e-9", (500, 1e-9, 4294967295)),
    ("--help", "What it is"), ("--help", "default: 138"),
    *[(f"--epochs {value}", "above 0") for value in (0, -3)], ("--epochs 1.5", "invalid int"),
    *[(f"--learning-rate {value}", "above 0") for value in (0, "nan", "inf")],
    *[(f"--seed {value}", "from 0 to 4294967295") for value in (-1, 4294967296)],
    ("--speed 9", "unrecognized"),
])
def test_options(arguments, result, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lab2_skeleton.py", *arguments.split()])
    if isinstance(result, tuple):
        assert common.read_options("What it is.\nMore.", 500, 0.8, 138) == result
        return
    with pytest.raises(SystemExit) as end:
        common.read_options("What it is.\nMore.", 500, 0.8, 138)
    said = capsys.readouterr()
    assert result in (said.out if end.value.code == 0 else said.err)
    assert end.value.code == (0 if arguments == "--help" else 2)


@full
@pytest.mark.parametrize("constants, words", [((1e3, 0.8, 138), "--epochs: invalid int value: '1"),
                                              ((500, (0, 8), 138), "invalid float value: '(0, 8)'"),
                                              ((500, -0.8, 138), "must be above 0")])
def test_a_wrong_constant_is_told_in_a_line(constants, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lab2_skeleton.py"])
    with pytest.raises(SystemExit) as end:
        common.read_options(None, *constants)  # python -OO leaves out the docstrings
    assert end.value.code == 2 and words in capsys.readouterr().err


@full
def test_in_a_notebook_the_constants_hold(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert common.read_options("", 500, 0.8, 138) == (500, 0.8, 138)


@full
def test_progress_of_a_run(monkeypatch, capsys):
    """About twenty lines, with the numbers of their epoch and the time that is left."""
    clock = iter(range(100, 10_000, 3))  # seconds; one look at it at the start, then one a line
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run = common.Run("A", epochs=45)
    for epoch in range(46):
        run.record(accuracy=np.float64(0.5), loss=np.float64(1 + epoch), test_accuracy=1,
                   test_loss=np.float32(0.125))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["epoch     3 of 45: loss 4.0000, test loss 0.1250, 42 s left",
                         "epoch     6 of 45: loss 7.0000, test loss 0.1250, 39 s left"]
    assert len(lines) == 15 and lines[-1].endswith("loss 46.0000, test loss 0.1250, 0 s left")
    assert not run.stopped and run.status == 0
    for numbers in (run.loss, run.accuracy, run.test_loss, run.test_accuracy):
        assert len(numbers) == 46 and {type(number) for number in numbers} == {float}
    assert (run.accuracy[7], run.loss[7], run.test_accuracy[7], run.test_loss[7]) == (
        0.5, 8, 1, 0.125)


class Interrupted:
    """A number during which Ctrl-C is pressed."""
    def __float__(self):
        raise KeyboardInterrupt


@full
def test_ctrl_c(capsys):
    """It ends a run that has a whole epoch, and leaves out the one that it interrupts."""
    with common.Run("A", epochs=9) as run:
        for numbers in (1, 2, 3, 4), (5, 6, Interrupted(), 8):
            run.record(*numbers)
    assert run.lists == ([1], [2], [3], [4]) and run.status == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C\n"
    for error, epochs in (KeyboardInterrupt, 0), (ZeroDivisionError, 1):
        with pytest.raises(error), common.Run("A", epochs=9) as run:
            for _ in range(epochs):
                run.record(1, 2, 3, 4)
            raise error
        assert run.status == 0 and capsys.readouterr().err == ""

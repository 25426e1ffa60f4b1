"""Is what the exercises share exact, and does it say what is wrong?"""
import os
import socket
import subprocess
import sys
from decimal import Decimal
from unittest.mock import Mock

import numpy as np
import pytest
from judge import ROOT

import common

full = pytest.mark.full


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 3e-7), (np.float64, 3e-16)])
def test_sigmoid_is_exact_for_any_z(dtype, tolerance):
    Z = [-1e4, -700, -100, -20, -1, 0, 1, 20, 100, 1e4]
    A = common.sigmoid(np.array(Z, dtype))
    assert A.dtype == dtype
    for z, value in zip(Z, A):
        exact = float(1 / (1 + Decimal(-z).exp()))
        assert abs(value - exact) <= tolerance * exact + 1e-38, f"common.sigmoid({z:g}) is wrong"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m, units", [(1, 1), (300, 1), (300, 10)])
def test_a_layer_agrees_with_whole_numbers(m, units, dtype):
    """Their sums are exact, in any order and in both precisions."""
    sizes, rng = ((m, 784), (units, 784), units, (m, units)), np.random.default_rng(0)
    X, W, b, dZ = exact = [rng.integers(-9, 10, size) for size in sizes]
    X_, W_, b_, dZ_ = (array.astype(dtype) for array in exact)
    dW, db = common.linear_backward(dZ_, X_)
    for value, exact in ((common.linear_forward(X_, W_, b_), np.einsum("mi,ui->mu", X, W) + b),
                         (dW, np.einsum("mu,mi->ui", dZ, X)), (db, sum(dZ))):
        assert np.array_equal(value, exact) and value.dtype == dtype


def test_accuracy_counts_what_is_classified_correctly():
    A, Y = np.array([[0.9], [0.2], [0.5], [0.4], [0.6]]), np.array([[1], [0], [0], [1], [0]])
    assert common.accuracy(A, Y) == 0.6
    A = np.array([[0.1, 0.2, 0.1], [0.8, 0.9, 0.1], [0.3, 0.2, 0.1], [0, 0, 1]])
    assert common.accuracy(A, np.eye(3)[[1, 0, 0, 2]]) == 0.75
    for A, Y in ((5, 1), 5), (5, 5), ((), (5, 1)), ((5, 1), (1, 5)):  # else (m, m), of 14 GB
        with pytest.raises(ValueError, match=r"A \(.*\) and Y \(.*\) need one shape: \(images, "):
            common.accuracy(np.ones(A), np.ones(Y))


TRACEBACK = "Traceback (most recent call last):\n  File x\nImportError: DLL load failed\n\n\nSee"


@pytest.mark.parametrize("stderr, error, reason", [
    (sys.__stderr__, None, ""), pytest.param(None, Exception(), "", marks=full),  # in IDLE
    (sys.__stderr__, ImportError(TRACEBACK), "(ImportError: DLL load failed)"),
    pytest.param(sys.__stderr__, Exception(), "()", marks=full),
], ids=["TensorFlow", "IDLE", "broken", "unknown"])
def test_mnist_needs_no_network(stderr, error, reason, monkeypatch, capsys):
    """TensorFlow loads it and, whatever stops TensorFlow, NumPy."""
    monkeypatch.setattr(sys, "__stderr__", stderr)
    monkeypatch.setattr(socket.socket, "connect", None)
    monkeypatch.setattr(socket, "setdefaulttimeout", timeout := Mock())
    if error:
        monkeypatch.setattr(common, "hidden_log", Mock(side_effect=error))
    if not reason:
        pytest.importorskip("tensorflow.keras")
    for precision in (np.float32, np.float64):
        train, test = common.load_mnist(precision)
        said = f"TensorFlow cannot {reason}: NumPy loads it\n" if reason else ""
        assert capsys.readouterr().err == said
        for (X, labels), m, zeros in (train, 60_000, 5923), (test, 10_000, 980):
            assert X.shape == (m, 784) and X.dtype == precision and X.flags.c_contiguous
            assert X.min() == 0 and X.max() == 1
            assert labels.shape == (m,) and np.sum(labels == 0) == zeros
            assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"
    assert round(train[0].sum(), 3) == 6146268.857 and round(test[0][7].sum(), 4) == 82.5961
    timeout.assert_called_with(None)  # at the end it is the usual one again


@full
def test_the_log_of_an_import_is_hidden(capfd):
    free = os.dup(2), os.dup(2)
    list(map(os.close, free))
    with pytest.raises(ImportError), common.hidden_log():
        os.write(2, b"hidden ")
        raise ImportError
    os.write(2, b"back")
    assert capfd.readouterr().err == "back" and (os.dup(2), os.dup(2)) == free
    list(map(os.close, free))


@full
def test_false_warnings_of_products_are_not_shown():
    """On Apple silicon NumPy warns of right ones; here, of one that is not finite."""
    code = ("import common, numpy\ncommon.linear_forward(numpy.array([[numpy.inf, 1]]), "
            "numpy.zeros((1, 2)), 0)\nnumpy.ones(1) / 0")
    errors = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, check=True,
                            capture_output=True).stderr
    assert "divide by zero" in errors and "matmul" not in errors


@full
@pytest.mark.parametrize("arguments, constants, result", [
    ("", {}, (500, 0.8, 138)), ("-f kernel.json", {}, (500, 0.8, 138)),  # in a notebook
    ("--epochs 1 --learning-rate 1e-9 --seed 4294967295", {}, (1, 1e-9, 4294967295)),
    ("--help", {}, "What it is"), ("--help", {}, "default: 138"), ("--speed 9", {}, "unrecognized"),
    ("--seed 0", {}, (500, 0.8, 0)), ("--epochs 0", {}, "must be above 0"),
    *[(f"--learning-rate {value}", {}, "must be above 0") for value in (0, "nan", "inf")],
    *[(f"--seed {value}", {}, "from 0 to 4294967295") for value in (-1, 4294967296)],
    ("", {"epochs": 1e3}, "--epochs: invalid int value: '1000.0'"),
    ("", {"learning_rate": (0, 8)}, "invalid float value: '(0, 8)'"),
    ("", {"learning_rate": -0.8, "doc": None}, "must be above 0")])  # no docstrings: python -OO
def test_options(arguments, constants, result, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lab2_skeleton.py", *arguments.split()])
    if "kernel" in arguments:
        monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    settings = {"doc": "What it is.\nMore.", "epochs": 500, "learning_rate": 0.8, "seed": 138}
    try:
        assert common.read_options(**settings | constants) == result
    except SystemExit as end:
        assert end.code == (0 if arguments == "--help" else 2)
        assert result in capsys.readouterr()[0 if end.code == 0 else 1]


@full
def test_progress_of_a_run(monkeypatch, capsys):
    """About twenty lines, with the numbers of their epoch and the time that is left."""
    clock = iter(range(100, 10_000, 3))  # seconds; one look at it at the start, then one a line
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run = common.Run("A", epochs=45)
    for epoch in range(46):
        run.record(accuracy=0.5, loss=np.float64(1 + epoch), test_accuracy=1, test_loss=0.125)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "epoch     6 of 45: loss 7.0000, test loss 0.1250, 39 s left"
    assert len(lines) == 15 and lines[-1].endswith("loss 46.0000, test loss 0.1250, 0 s left")
    assert run.lists == ([0.5] * 46, list(range(1, 47)), [1] * 46, [0.125] * 46)


@full
def test_ctrl_c(capsys):
    """It ends a run that has a whole epoch, and leaves out the one that it interrupts."""
    with common.Run("A", epochs=9) as run:
        run.record(1, 2, 3, 4)
        run.accuracy.append(5)
        raise KeyboardInterrupt
    assert run.lists == ([1], [2], [3], [4]) and run.status == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C\n"
    with pytest.raises(KeyboardInterrupt), common.Run("A", epochs=9):
        raise KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), common.Run("A", epochs=9) as run:
        run.record(1, 2, 3, 4)
        raise ZeroDivisionError
    assert run.status == 0 and capsys.readouterr().err == ""

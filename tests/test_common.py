"""Is what the exercises share exact, and does it say what is wrong?"""
import socket
import sys
from unittest.mock import Mock

import numpy as np
import pytest

import common


def test_accuracy_counts_what_is_classified_correctly():
    A, Y = np.array([[0.9], [0.2], [0.5], [0.4], [0.6]]), np.array([[1], [0], [0], [1], [0]])
    assert common.accuracy(A, Y) == 0.6
    A = np.array([[0.1, 0.2, 0.1], [0.8, 0.9, 0.1], [0.3, 0.2, 0.1], [0, 0, 1]])
    assert common.accuracy(A, np.eye(3)[[1, 0, 0, 2]]) == 0.75
    for A, Y in ((5, 1), 5), (5, 5), ((), (5, 1)), ((5, 1), (1, 5)):  # else (m, m), of 14 GB
        with pytest.raises(ValueError, match=r"A \(.*\) and Y \(.*\) need one shape: \(images, "):
            common.accuracy(np.ones(A), np.ones(Y))


@pytest.mark.parametrize("stderr, error, reason", [
    (sys.__stderr__, None, ""), pytest.param(None, Exception(), "", marks=pytest.mark.full),
    (sys.__stderr__, ImportError("Traceback:\n  File x\nImportError: DLL load failed\n\n\nSee"),
     "(ImportError: DLL load failed)")], ids=["TensorFlow", "IDLE", "NumPy"])
def test_mnist_needs_no_network(stderr, error, reason, monkeypatch, capsys):
    monkeypatch.setattr(sys, "__stderr__", stderr)
    monkeypatch.setattr(socket.socket, "connect", None)
    monkeypatch.setattr(socket, "setdefaulttimeout", timeout := Mock())
    if error:
        monkeypatch.setattr(common, "hidden_log", Mock(side_effect=error))
    if not reason:
        pytest.importorskip("tensorflow.keras")
    for precision in np.float32, np.float64:
        (X, labels), (X_test, labels_test) = common.load_mnist(precision)
        said = f"TensorFlow cannot {reason}: NumPy loads it\n" if reason else ""
        assert capsys.readouterr().err == said
        assert X.shape == (60_000, 784) and X_test.shape == (10_000, 784) and X.flags.c_contiguous
        assert np.sum(labels == 0) == 5923 and np.sum(labels_test == 0) == 980
        assert X.dtype == precision and round(X.sum(dtype=float), 3) == 6146268.857
        assert np.array_equal(X, X.astype(np.float32)), "the report's pixels are float32"
    timeout.assert_called_with(None)  # at the end it is the usual one again


@pytest.mark.full
@pytest.mark.parametrize("arguments, constants, result", [
    ("", {}, (500, 0.8, 138)), ("-f kernel.json", {}, (500, 0.8, 138)),  # in a notebook
    ("--epochs 1 --learning-rate 1e-9 --seed 4294967295", {}, (1, 1e-9, 4294967295)),
    ("--help", {}, "What it is"), ("--help", {"doc": None}, "default: 138"),  # None: python -OO
    *[(f"--learning-rate {value}", {}, "must be above 0") for value in (0, "nan", "inf")],
    *[(f"--seed {value}", {}, "from 0 to 4294967295") for value in (-1, 4294967296)],
    ("--epochs 0", {}, "must be above 0"), ("", {"epochs": 1e3}, "invalid int value: '1000.0'"),
    ("", {"learning_rate": (0, 8)}, "invalid float value: '(0, 8)'")])
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


@pytest.mark.full
def test_a_run(monkeypatch, capsys):
    """About twenty lines, and Ctrl-C, which leaves out the epoch that it interrupts."""
    assert common.Run("D", 9, SEED=7).note == "", "an own exercise has no settings of the report"
    clock = iter(range(100, 10_000, 3))  # seconds; one look at it at the start, then one a line
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run = common.Run("A", epochs=45)
    assert not run.__exit__(KeyboardInterrupt), "without a whole epoch, there is nothing to keep"
    for epoch in range(46):
        run.record(accuracy=0.5, loss=np.float64(1 + epoch), test_accuracy=1, test_loss=0.125)
    run.accuracy.append(5)
    assert not run.__exit__(ZeroDivisionError) and run.status == 0
    assert run.__exit__(KeyboardInterrupt) and run.status == 130
    assert run.lists == ([0.5] * 46, list(range(1, 47)), [1] * 46, [0.125] * 46)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "epoch     6 of 45: loss 7.0000, test loss 0.1250, 39 s left"
    assert len(lines) == 15 and lines[-1].endswith("loss 46.0000, test loss 0.1250, 0 s left")

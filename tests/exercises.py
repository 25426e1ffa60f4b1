"""What the tests know of the exercises: how to call their functions, and checks that explain.

Each check compares a step of a script with a reference; where they differ it fails with a
sentence for the student: which quantity of which exercise is wrong, by how much, where to look.
"""
import importlib.util

import pytest
from conftest import ROOT

import common
import numpy as np

NAMES = ["lab2_skeleton", "lab2_2_skeleton", "lab2_3_skeleton"]


def load(name, old=None, new=None):
    """Return the script as a module; with old and new, after the edit that puts new for old."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    source = (ROOT / f"{name}.py").read_text()
    assert old is None or old in source, f"{name} has no longer the line {old!r}"
    exec(compile(source.replace(old or "", new or ""), spec.origin, "exec"), module.__dict__)
    return module


def fail(module, message):
    pytest.fail(f"{module.__name__}: {message}", pytrace=False)


def attempt(module, what, function, *arguments):
    """Call a function of the script; an error in it fails the test with its message."""
    try:
        return function(*arguments)
    except Exception as error:
        fail(module, f"{what} stops with {type(error).__name__}: {error}")


def compare(module, quantity, value, reference, of, tolerance, where):
    """Fail unless value is the reference to within the tolerance, relative to its norm."""
    value = np.asarray(value)
    if value.shape != reference.shape:
        fail(module, f"{quantity} has shape {value.shape}, not {reference.shape}: check {where}")
    size = np.linalg.norm(reference)
    error = np.linalg.norm(value - reference) / size
    if not error <= tolerance:
        factor = np.vdot(value, reference) / size ** 2
        is_multiple = np.linalg.norm(value - factor * reference) <= 0.001 * np.linalg.norm(value)
        percent = f"{100 * error:.2g}" if error < 1 else f"{100 * error:.0f}"
        fail(module, f"{quantity} differs from {of} by {percent} %"
                     + (f" (it is {factor:.4g} times that)" if is_multiple else "")
                     + f": check {where}")


def parameters(module, dtype=np.float64):
    """Return random weights and biases for the network of the script, in order, by name."""
    rng = np.random.default_rng(1)
    if module.__name__ == "lab2_skeleton":
        shapes = {"W": (1, 784), "b": (1,)}
    else:
        hidden, outputs = module.HIDDEN_UNITS, 10 if module.__name__ == "lab2_3_skeleton" else 1
        shapes = {"W1": (hidden, 784), "b1": (hidden,), "W2": (outputs, hidden), "b2": (outputs,)}
    return {name: rng.normal(0, 0.1, shape).astype(dtype) for name, shape in shapes.items()}


def targets(module, labels):
    return (common.one_hot(labels) if module.__name__ == "lab2_3_skeleton"
            else common.is_digit(labels, module.DIGIT))


def reference_forward(X, parameters):
    """Return Z and A of each layer, by name, in NumPy as it is usually written."""
    layers, values, inputs = len(parameters) // 2, {}, X
    for layer in range(1, layers + 1):
        number = "" if layers == 1 else layer
        Z = inputs @ parameters[f"W{number}"].T + parameters[f"b{number}"]
        inputs = 1 / (1 + np.exp(-Z))
        values |= {f"Z{number}": Z, f"A{number}": inputs}
    return values


def reference_loss(X, Y, parameters):
    """Return equation 2, summed over the outputs: the loss that gradient descent lowers."""
    *_, A = reference_forward(X, parameters).values()
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).sum() / len(X)


def forward(module, X, parameters):
    """Return what forward_propagation returns, by name."""
    names = ("Z", "A") if len(parameters) == 2 else ("A1", "Z2", "A2")
    return dict(zip(names, attempt(
        module, "forward_propagation()", module.forward_propagation, X, *parameters.values())))


def backward(module, X, Y, parameters, values):
    """Return what backward_propagation returns, by the name of the weight or bias."""
    arguments = ([values["A"]] if "A" in values
                 else [values["A1"], values["A2"], parameters["W2"]])
    gradients = attempt(
        module, "backward_propagation()", module.backward_propagation, X, Y, *arguments)
    return dict(zip(parameters, gradients))


def check_forward(module, X):
    """forward_propagation against the formulas of the report."""
    theta = parameters(module)
    reference = reference_forward(X, theta)
    for name, value in forward(module, X, theta).items():
        compare(module, name, value, reference[name], "the formula", 1e-9,
                f"the {'hidden' if name == 'A1' else 'output'} layer in forward_propagation()")


def numerical_gradient(X, Y, theta, name, entries, step=1e-5):
    """Return dL/d(theta[name]) at some entries, by central differences."""
    values, slopes = theta[name].reshape(-1), []
    for entry in entries:
        original, losses = values[entry], []
        for shifted in (original - step, original + step):
            values[entry] = shifted
            losses.append(reference_loss(X, Y, theta))
        values[entry] = original
        slopes.append((losses[1] - losses[0]) / (2 * step))
    return np.array(slopes)


def check_gradients(module, X, Y):
    """backward_propagation against numerical gradients, the output layer first."""
    theta = parameters(module)
    gradients = backward(module, X, Y, theta, reference_forward(X, theta))
    lit = np.flatnonzero(X.any(axis=0))  # the weight of a pixel that is black has gradient 0
    rng = np.random.default_rng(2)
    for name in ("W", "b") if "W" in theta else ("W2", "b2", "W1", "b1"):
        entries = rng.permutation(theta[name].size)
        if theta[name].shape[-1] == 784:
            entries = entries[np.isin(entries % 784, lit)]
        entries = entries[:40]
        gradient = gradients[name]
        where = f"the {'hidden' if '1' in name else 'output'} layer's backward propagation"
        if np.shape(gradient) != theta[name].shape:
            fail(module, f"d{name} has shape {np.shape(gradient)}, not {theta[name].shape}, "
                         f"that of {name}: check {where}")
        compare(module, f"d{name}", gradient.reshape(-1)[entries],
                numerical_gradient(X, Y, theta, name, entries),
                "the numerical gradient", 1e-5, where)


def check_update(module, X, Y):
    """One small step against the gradients lowers the loss."""
    theta = parameters(module)
    before = reference_loss(X, Y, theta)
    gradients = backward(module, X, Y, theta, forward(module, X, theta))
    after = reference_loss(X, Y, {name: theta[name] - 0.01 * gradients[name] for name in theta})
    if not after < before:
        fail(module, f"one update raises the loss from {before:.4f} to {after:.4f}: "
                     "check the signs in backward_propagation()")

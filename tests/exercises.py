"""What the tests know of the exercises: how to call their functions, and checks that explain.

Each check compares a step of a script with a reference; where they differ it fails with a
sentence for the student: which quantity of which exercise is wrong, by how much, where to look.
The weights and biases are those that main() makes and the results those that it names, so that
the checks also fit a network that a student has made larger.
"""
import importlib.util
import inspect
import tempfile
from pathlib import Path

import pytest
from conftest import ROOT

import common
import numpy as np

NAMES = ["lab2_skeleton", "lab2_2_skeleton", "lab2_3_skeleton"]
EXERCISE = dict(zip(NAMES, "ABC"))
RETURNS = {  # what is said of a blank function, for m images
    (NAMES[0], "forward_propagation"): "A ({m}, 1)",
    (NAMES[0], "backward_propagation"): "dW (1, 784), db (1,)",
    (NAMES[1], "forward_propagation"): "A1 ({m}, 64), A2 ({m}, 1)",
    (NAMES[1], "backward_propagation"): "dW1 (64, 784), db1 (1,), dW2 (1, 64), db2 (1,)",
    (NAMES[2], "forward_propagation"): "A1 ({m}, 64), A2 ({m}, 10)",
    (NAMES[2], "backward_propagation"): "dW1 (64, 784), db1 (1,), dW2 (10, 64), db2 (1,)",
}
_edited_scripts = tempfile.TemporaryDirectory()


def returns_nothing(name, function, m):
    """Return what is said of a script's function that is blank, when it is called with m images."""
    return (f"{function}() returns nothing yet, but should return "
            f"{RETURNS[name, function].format(m=m)}")


def edited(name, *edits):
    """Return the script's text, after the edits that put a new text for an old one."""
    source = (ROOT / f"{name}.py").read_text()
    for old, new in edits:
        assert old in source, f"{name} has no longer the text {old!r}"
        source = source.replace(old, new)
    return source


def blanked(name, body, *functions):
    """Return the script's text with only body, and the docstring, left of those functions."""
    lines = (ROOT / f"{name}.py").read_text().splitlines()
    for function in functions:
        first = next(i for i, line in enumerate(lines) if line.startswith(f"def {function}("))
        last = next(i for i in range(first + 1, len(lines))
                    if lines[i] and not lines[i].startswith(" "))
        docstring = inspect.getdoc(getattr(load(name), function))
        lines[first + 1:last] = [f"    {docstring!r}", f"    {body}", ""]
    return "\n".join(lines)


def load(name, source=None):
    """Return the script, or another text of it, as a module."""
    path = ROOT / f"{name}.py"
    if source is not None:
        path = Path(tempfile.mkdtemp(dir=_edited_scripts.name), f"{name}.py")
        path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reset(module):
    """Return the module with the report's settings, whatever a student has given it."""
    for name, value in common.REPORT[EXERCISE[module.__name__]]["settings"].items():
        if hasattr(module, name):
            setattr(module, name, value)
    module.PRECISION = np.float32
    return module


def fail(message):
    pytest.fail(message, pytrace=False)


def attempt(module, what, function, *arguments):
    """Call a function of the script; an error in it fails the test with its message."""
    try:
        return function(*arguments)
    except Exception as error:
        sentence = f"{module.__name__}: {what} stops with {type(error).__name__}: {error}"
        if "() returns " in str(error):
            sentence = f"{module.__name__}: {error}"
    fail(sentence)  # not above, where pytest would show both exceptions


class Begun(BaseException):
    """main() has made the initial weights and calls forward_propagation."""


def initial(module):
    """Return the weights and biases that main() begins with, by name."""
    function = module.forward_propagation

    def watched(X, *theta):
        raise Begun(*theta)

    module.forward_propagation = watched
    try:
        attempt(module, "main()", lambda: module.main(["--epochs=1"]))
        fail(f"{module.__name__}: main() does not call forward_propagation()")
    except Begun as begun:
        return dict(zip(list(inspect.signature(function).parameters)[1:], begun.args))
    finally:
        module.forward_propagation = function


def random_theta(module, dtype=np.float64):
    """Return random weights and biases of the shapes of the initial ones, by name."""
    rng = np.random.default_rng(1)
    return {name: rng.normal(0, 0.1, value.shape).astype(dtype)
            for name, value in initial(module).items()}


def targets(module, labels, dtype=np.float64):
    """Return Y: 1 where the label is the script's digit, or in its column; else 0."""
    digits = [module.DIGIT] if hasattr(module, "DIGIT") else np.arange(10)
    return (labels.reshape(-1, 1) == digits).astype(dtype)


def reported_loss(A, Y):
    """Return the loss that the report plots, as the reference for that of a run."""
    A = A.astype(float)
    losses = -Y * np.log(A + 0.0001) - (1 - Y) * np.log(1 - A + 0.0001)
    return (losses if A.shape[1] == 1 else -np.log(A[Y == 1])).mean()


def call(module, name, values):
    """Call a function of the script with those values that it asks for; return its results by name."""
    function = common.checked(vars(module), name)
    parameters = list(inspect.signature(getattr(module, name)).parameters)
    arguments = [values[parameter] for parameter in parameters]
    copies = [argument.copy() for argument in arguments]
    results = attempt(module, f"{name}()", function, *arguments)
    for parameter, argument, copy in zip(parameters, arguments, copies):
        if not np.array_equal(argument, copy):
            fail(f"{module.__name__}: {name}() changes its argument {parameter}")
    return dict(zip(function.names, results if function.names[1:] else [results]))


def both(module, X, Y, theta):
    """Return what both functions return, by name: forward, and backward."""
    values = {**theta, "X": X, "Y": Y}
    outputs = call(module, "forward_propagation", values)
    return outputs, call(module, "backward_propagation", {**values, **outputs})


def compare(module, quantity, value, reference, of, tolerance, where, hint=""):
    """Fail unless value is the reference to within the tolerance, relative to its norm."""
    value, reference = np.asarray(value, float), np.asarray(reference, float)
    if value.size == reference.size == 1:
        value = value.reshape(reference.shape)
    if value.shape != reference.shape:
        fail(f"{module.__name__}: {quantity} has shape {value.shape}, not {reference.shape}: "
             f"check {where}")
    size = max(np.linalg.norm(reference), 1e-5)  # some gradients are 0
    error = np.linalg.norm(value - reference) / size
    if not error <= tolerance:
        factor = np.vdot(value, reference) / size ** 2
        if not hint and np.linalg.norm(value - factor * reference) <= 1e-3 * np.linalg.norm(value):
            hint = f" (it is {factor:.4g} times that)"
        percent = f"{100 * error:.2g}" if error < 0.99 else f"{100 * error:.0f}"
        fail(f"{module.__name__}: {quantity} differs from {of} by {percent} %{hint}: check {where}")


# ---- The checks --------------------------------------------------------------------------------

def report_forward(X, theta):
    """Return A of each layer of the report's network, in NumPy as it is usually written."""
    outputs = {}
    for W, b in zip(list(theta)[::2], list(theta)[1::2]):
        X = 1 / (1 + np.exp(-(X @ theta[W].T + theta[b])))
        outputs["A" + W[1:]] = X
    return outputs


def layer(name, theta):
    last = list(theta)[-1].lstrip("b")
    return "the output layer" if name.endswith(last) else f"hidden layer {name[-1]}"


def check_network(module, X):
    """forward_propagation against the formulas of the report."""
    theta = random_theta(module)
    outputs = call(module, "forward_propagation", {**theta, "X": X})
    for name, reference in report_forward(X, theta).items():
        compare(module, name, outputs[name], reference, "the report's formula", 1e-9,
                f"{layer(name, theta)} in forward_propagation(), unless you meant another network "
                "than the report's: then this test is not for you")


def loss_to_train(A, Y):
    """Return equation 2, summed over the outputs; of softmax, whose outputs sum to 1, its own loss."""
    if A.shape[1] > 1 and np.allclose(A.sum(axis=1), 1):
        return -(Y * np.log(A)).sum() / len(A)
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).sum() / len(A)


def check_gradients(module, X, Y, step=1e-5):
    """backward_propagation against central differences of the script's own forward_propagation."""
    theta = random_theta(module)
    outputs, gradients = both(module, X, Y, theta)
    *_, last = outputs
    if not (0 < outputs[last].min() and outputs[last].max() < 1):
        fail(f"{module.__name__}: {last} is from {outputs[last].min():.3g} to "
             f"{outputs[last].max():.3g}, but should be between 0 and 1: is there a sigmoid?")
    lit = np.flatnonzero(X.any(axis=0))  # the weight of a pixel that is black has gradient 0
    rng, found = np.random.default_rng(2), {}
    for name, value in theta.items():
        flat = value.reshape(-1)
        entries = rng.permutation(flat.size)
        if value.shape[-1] == X.shape[1]:
            entries = entries[np.isin(entries % X.shape[1], lit)]
        entries, slopes = entries[:40], []
        for entry in entries:
            original, losses = flat[entry], []
            for flat[entry] in (original - step, original + step):
                A = module.forward_propagation(X, *theta.values())
                losses.append(loss_to_train(A if len(outputs) == 1 else A[-1], Y))
            flat[entry] = original
            slopes.append((losses[1] - losses[0]) / (2 * step))
        found[name] = entries, np.array(slopes)
    for name in sorted(theta, key=lambda name: name[1:], reverse=True):  # the output layer first
        entries, slopes = found[name]
        gradient = np.reshape(gradients[f"d{name}"], -1)[entries]
        hint = "".join(f" (it is d{other})" for other in theta if other != name
                       and np.shape(theta[other]) == np.shape(theta[name])
                       and np.allclose(np.reshape(gradients[f"d{name}"], -1)[found[other][0]],
                                       found[other][1], rtol=1e-4))
        compare(module, f"d{name}", gradient, slopes, "the numerical gradient", 1e-5,
                f"{layer(name, theta)} in backward_propagation()", hint)


def check_precision(module, X, Y):
    """With float32 everything is float32."""
    results = both(module, X.astype(np.float32), Y.astype(np.float32), random_theta(module, np.float32))
    for function, values in zip(("forward_propagation", "backward_propagation"), results):
        for name, value in values.items():
            if value.dtype != np.float32:
                fail(f"{module.__name__}: {function}() returns {name} in {value.dtype}, where float32 "
                     "came in: that is slow, but not wrong")


def check_loop(module, epochs=4):
    """main() against a loop of gradient descent with the script's own two functions.

    Returns main()'s run.
    """
    theta = initial(module)
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(module.PRECISION)
    passed = {len(X_train): [], len(X_test): []}  # the weights, by the size of the set
    functions = {name: getattr(module, name) for name in ("forward_propagation", "backward_propagation")}
    checked = {name: common.checked(vars(module), name) for name in functions}

    def watched(X, *arguments):
        if len(X) in passed:  # no mini-batch
            passed[len(X)].append([argument.copy() for argument in arguments])
        return checked["forward_propagation"](X, *arguments)

    vars(module).update(checked, forward_propagation=watched)
    try:
        run, *weights = attempt(module, "main()", module.main, [f"--epochs={epochs}"])
    finally:
        vars(module).update(functions)
    for data, calls in zip(("training", "test"), passed.values()):
        if len(calls) != epochs + 1:
            fail(f"{module.__name__}: main() calls forward_propagation() {len(calls)} times on the "
                 f"{data} set in {epochs} epochs, not {epochs + 1} times")
    expected = {quantity: [] for quantity in ("loss", "accuracy", "test_loss", "test_accuracy")}
    for epoch in range(epochs + 1):
        for calls in passed.values():
            for (name, value), found, before in zip(theta.items(), calls[epoch], calls[epoch - 1]):
                hint = " (it is what it was before)" if epoch and np.array_equal(found, before) else ""
                compare(module, f"{name} after {epoch} update{'s' * (epoch != 1)}", found, value,
                        f"{name} - LEARNING_RATE * d{name}", 1e-6,
                        f"the update of {name} in main(), unless you meant it", hint)
        for prefix, X, labels in (("", X_train, labels_train), ("test_", X_test, labels_test)):
            Y = targets(module, labels, module.PRECISION)
            outputs = call(module, "forward_propagation", {**theta, "X": X})
            A = list(outputs.values())[-1]
            expected[f"{prefix}loss"].append(reported_loss(A, Y))
            expected[f"{prefix}accuracy"].append(common.accuracy(A, Y))
            if not prefix:
                values = {**theta, **outputs, "X": X, "Y": Y}
                gradients = call(module, "backward_propagation", values)
        if epoch < epochs:
            theta = {name: value - module.LEARNING_RATE * gradients[f"d{name}"]
                     for name, value in theta.items()}
    for name, value, found in zip(theta, theta.values(), weights):
        compare(module, f"{name} at the end", found, value, f"{name} of the last epoch", 1e-6,
                "that main() makes no update after the last record()")
    for quantity, values in expected.items():
        found = getattr(run, quantity)
        ahead = np.allclose(found[:-1], values[1:], rtol=1e-6, atol=0)
        compare(module, quantity, found, values, "that of the weights before each update", 1e-6,
                f"run.record() in main(){', and that the update comes after it' if ahead else ''}")
    return run

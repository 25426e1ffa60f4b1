"""Is each step of the exercises right? For students, after every edit: python -m pytest

The tests call a script's functions by these names, and know weights, outputs and gradients by
their order, so that a third layer fits:

    weights = initial_weights()                                       W, b or W1, b1, W2, b2
    outputs = forward_propagation(X, *weights)                        A    or A1, A2
    gradients = backward_propagation(X, Y, *outputs, *weights[2::2])  dW, db or dW1, db1, dW2, db2
"""
import traceback

import numpy as np
import pytest

import common

ROWS = "images are rows here: X (m, inputs), W (units, inputs), Z = X W^T + b, dW = dZ^T X"


# ---- How a test calls a script, and what it says ------------------------------------------------

def fail(module, sentence):
    pytest.fail(f"{module.__name__}: {sentence}", pytrace=False)


def call(module, name, *arguments):
    """Return what a function of the script returns for read-only copies of the arguments."""
    function = getattr(module, name, None)
    if function is None:
        fail(module, f"there is no function {name}(), by which the tests call it")
    try:
        return function(*map(read_only, arguments))
    except NotImplementedError:
        return None
    except Exception as error:
        sentence = f"{name}() stops in {explain(module, error)}"
    fail(module, sentence)  # not above, where pytest would show the exception, too


def read_only(value):
    if isinstance(value, np.ndarray):  # and not a plain number
        value = value.copy()
        value.flags.writeable = False
    return value


def explain(module, error):
    """Return the line of the script that an error comes from, the error, and a hint."""
    line, hint = "its call", ""
    for step in traceback.extract_tb(error.__traceback__):
        if step.filename == module.__file__:
            line = f"line {step.lineno}, {step.line.partition('#')[0].strip().rstrip(',')}"
    if "read-only" in str(error):
        hint = ": it changes an array that is still needed; work on a copy, as in A = A.copy()"
    elif "matmul" in str(error) or "not aligned" in str(error):
        hint = f": {ROWS}"
    elif "broadcast" in str(error):
        hint = (": the shapes do not fit; check the arguments and their order, or add "
                "keepdims=True to a sum over an axis")
    elif isinstance(error, UnboundLocalError):
        hint = ": what a function assigns to is its own variable; use another name than outside it"
    return f"{line}, with {type(error).__name__}: {error}{hint}"


def named(letters, weights):
    """Return a name for each weight or layer: W, b or, with more layers, W1, b1, W2, b2, ..."""
    layers = range(1, len(weights) // 2 + 1) if len(weights) > 2 else [""]
    return [f"{letter}{layer}" for layer in layers for letter in letters]


def results(module, name, names, shapes, *arguments):
    """Return a function's results as a list, once there is one of the right shape for each name."""
    values = call(module, name, *arguments)
    wanted = "it should return " + ", ".join(map("{} {}".format, names, shapes))
    if values is None:
        fail(module, f"{name}() returns nothing yet; {wanted}")
    values = list(values) if isinstance(values, (tuple, list)) else [values]
    if len(values) != len(names):
        fail(module, f"{name}() returns {len(values)} results; {wanted}")
    for result, shape, value in zip(names, shapes, values):
        one_number = np.size(value) == np.prod(shape) == 1 and np.ndim(value) < 2
        if np.shape(value) != shape and not one_number:
            hint = f": {ROWS}" if np.shape(value) == shape[::-1] else ""
            if shape == (1,) and getattr(module, "SHARED_BIAS", False):
                hint = ": is SHARED_BIAS left out?"
            fail(module, f"{name}() returns {result} with shape {np.shape(value)}; {wanted}{hint}")
        if not np.isfinite(value).all():
            fail(module, f"{name}() returns {result} with nan or inf in it")
    return values


def forward(module, X, weights):
    shapes = [(len(X), len(W)) for W in weights[::2]]
    return results(module, "forward_propagation", named("A", weights), shapes, X, *weights)


def backward(module, X, Y, outputs, weights):
    return results(module, "backward_propagation", named(["dW", "db"], weights),
                   list(map(np.shape, weights)), X, Y, *outputs, *weights[2::2])


def loss(module, A, Y):
    value = call(module, "loss", A, Y)
    if value is None or np.ndim(value):
        got = "nothing yet" if value is None else f"an array of shape {np.shape(value)}"
        fail(module, f"loss() returns {got}; it should return a number, the mean over the images")
    return value


def initial(module):
    outputs = 1 if hasattr(module, "DIGIT") else 10
    wanted = ("it should return W (units, inputs) and b for each layer, from 784 pixels to "
              f"{outputs} output(s)")
    weights = call(module, "initial_weights")
    if weights is None:
        fail(module, f"initial_weights() returns nothing yet; {wanted}")
    weights = list(weights) if isinstance(weights, (tuple, list)) else [weights]
    shapes = [np.shape(W) for W in weights[::2]]
    units = [(784,), *[shape[:1] for shape in shapes]]  # the inputs of a layer are the units before
    if len(weights) % 2 or units != [*[shape[1:] for shape in shapes], (outputs,)]:
        fail(module, f"initial_weights() returns {len(weights)} array(s), W of shape "
             f"{', '.join(map(str, shapes))}; {wanted}: {ROWS}")
    return weights


def random_weights(module, dtype=float):
    """Return random weights of the shapes of the script's own."""
    rng = np.random.default_rng(1)
    return [np.array(rng.normal(0, 0.1, np.shape(weight)), dtype) for weight in initial(module)]


def targets(module, labels, dtype=float):
    """Return Y: 1 where the label is the script's digit, or the column's; else 0."""
    digits = [module.DIGIT] if hasattr(module, "DIGIT") else np.arange(10)
    return (labels.reshape(-1, 1) == digits).astype(dtype)


def compare(module, quantity, value, reference, of, where, tolerance=1e-6):
    """Fail unless value is the reference, up to the tolerance times its size."""
    value, reference = np.ravel(value).astype(float), np.ravel(reference).astype(float)
    size = max(np.linalg.norm(reference), 1e-5)  # some gradients are 0
    error = np.linalg.norm(value - reference) / size
    if not error <= tolerance:
        factor, hint = value @ reference / size**2, ""
        if not value.any():
            hint = " (it is 0)"
        elif (np.linalg.norm(value - factor * reference) < 1e-3 * np.linalg.norm(value)
              and (value.size > 1 or np.isclose(abs(factor), [0.01, 0.5, 1, 2, 100], 0.01).any())):
            hint = f" (it is {factor:.3g} times that)"
        percent = f"{100 * error:.0f}" if error > 0.1 else f"{100 * error:.2g}"
        fail(module, f"{quantity} differs from {of} by {percent} %{hint}: check {where}")


def layer(number, weights):
    return f"hidden layer {number}" if 2 * number < len(weights) else "the output layer"


# ---- The tests -----------------------------------------------------------------------------------

def test_initial_weights(module):
    weights, again = initial(module), initial(module)
    for name, weight, other in zip(named("Wb", weights), weights, again):
        if not np.array_equal(weight, other):
            fail(module, f"initial_weights() returns another {name} each time: is there a SEED?")


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def softmax(Z, axis):
    return np.exp(Z) / np.exp(Z).sum(axis, keepdims=True)


def test_forward_propagation(module, images):
    """Each layer's output is an activation of Z = X W^T + b, where X is the output before it."""
    X, weights = images[0], random_weights(module)
    names, outputs = named("A", weights), forward(module, X, weights)
    for k, (W, b, A) in enumerate(zip(weights[::2], weights[1::2], outputs)):
        Z = X @ W.T + b
        if np.allclose(A, softmax(Z, axis=0)):
            fail(module, f"{names[k]} is a softmax over the images; over the outputs it is axis=1, "
                 "keepdims=True: check the output layer in forward_propagation()")
        others = [np.maximum(Z, 0), np.tanh(Z)]  # they are right, too
        if k == len(names) - 1:
            others = [softmax(Z, axis=1)] if len(W) > 1 else []
        if not any(np.allclose(A, other) for other in others):
            compare(module, names[k], A, sigmoid(Z), f"sigmoid({['X', *names][k]} W^T + b)",
                    f"{layer(k + 1, weights)} in forward_propagation()", 1e-9)
        X = A


def test_loss(module, images):
    """The loss that is plotted, with 0.0001 or nothing added in the logarithms."""
    Y = targets(module, images[1])
    A = np.random.default_rng(2).uniform(0.1, 0.9, Y.shape)
    losses = -Y * np.log(A)
    if Y.shape[1] == 1:
        losses -= (1 - Y) * np.log(1 - A)
    compare(module, "the loss", loss(module, A, Y), losses.sum() / len(Y),
            "the report's loss" if Y.shape[1] > 1 else "the mean of equation 2", "loss()", 0.002)


def trained_loss(A, Y):
    """Return the mean of equation 2, summed over the outputs; of a softmax, of -sum(Y log(A))."""
    losses = -Y * np.log(A)
    if A.shape[1] == 1 or not np.allclose(A.sum(axis=1), 1):
        losses -= (1 - Y) * np.log(1 - A)
    return losses.sum() / len(Y)


def numerical_gradient(mean_loss, weight, entries, step=1e-5):
    """Return how much the loss rises when an entry w does: (L(w + h) - L(w - h)) / 2h."""
    gradient = []
    for entry in entries:
        w = weight[entry]
        weight[entry] = w + step
        above = mean_loss()
        weight[entry] = w - step
        below = mean_loss()
        weight[entry] = w
        gradient.append((above - below) / (2 * step))
    return gradient


def test_backward_propagation(module, images):
    """Each gradient is the numerical one, in thirty entries of each weight and bias."""
    test_forward_propagation(module, images)  # if that is wrong, nothing can be said of this
    X, Y, weights = images[0], targets(module, images[1]), random_weights(module)
    outputs = forward(module, X, weights)
    gradients = backward(module, X, Y, outputs, weights)

    rng, lit = np.random.default_rng(3), np.flatnonzero(X.any(axis=0))
    for k in sorted(range(len(weights)), key=lambda k: (-(k // 2), k)):  # the output layer first
        entries = [tuple(map(rng.integers, weights[k].shape)) for _ in range(30)]
        if k == 0:  # a pixel that is always black has no influence
            entries = [(unit, rng.choice(lit)) for unit, _ in entries]
        slopes = numerical_gradient(lambda: trained_loss(forward(module, X, weights)[-1], Y),
                                    weights[k], entries)
        found = [np.reshape(gradients[k], weights[k].shape)[entry] for entry in entries]
        compare(module, named(["dW", "db"], weights)[k], found, slopes, "the numerical gradient",
                f"{layer(k // 2 + 1, weights)} in backward_propagation()", 1e-5)

    with np.errstate(all="ignore"):  # in float32, outputs of exactly 0 and 1 occur
        gradients = call(module, "backward_propagation", X, Y, *outputs[:-1], Y, *weights[2::2])
    if not all(np.isfinite(gradient).all() for gradient in gradients):
        fail(module, "backward_propagation() returns nan where an output is exactly 0 or 1: a "
             "division by A or 1 - A; with the sigmoid's slope it cancels, and dZ is (A - Y) / m")


def watched_main(module, monkeypatch, epochs):
    """Call main() with 500 training and 200 test images; return its results and what it passed on:

    X and the weights of each forward propagation, in training and in test, and the last Y. To
    main(), the outputs are read-only.
    """
    calls, targets_seen = {500: [], 200: []}, [None]
    forward_propagation, backward_propagation = (module.forward_propagation,
                                                 module.backward_propagation)

    def watched_forward(X, *weights):
        if np.ndim(X) != 2 or X.shape[1] != 784:
            raise ValueError(f"X has shape {np.shape(X)}, not (m, 784): {ROWS}")
        if not np.isfinite(X).all():
            raise ValueError("X has nan or inf in it: check what main() makes of the pixels")
        if len(X) in calls:  # no mini-batch
            calls[len(X)].append((np.copy(X), list(map(np.copy, weights))))
        outputs = forward_propagation(X, *weights)
        return map(read_only, outputs) if isinstance(outputs, (tuple, list)) else read_only(outputs)

    def watched_backward(X, Y, *others):
        if len(X) == 200:
            raise ValueError("these are the test images; the training set is what is learned from")
        if len(X) == 500:
            targets_seen[0] = np.copy(Y)
        return backward_propagation(X, Y, *others)

    with monkeypatch.context() as patch:
        patch.setattr(module, "EPOCHS", epochs)
        patch.setattr(module, "forward_propagation", watched_forward)
        patch.setattr(module, "backward_propagation", watched_backward)
        values = call(module, "main")
    if not isinstance(values, tuple) or not isinstance(values[0], common.Run):
        fail(module, "main() should return run and, after it, the weights and biases")
    if values[0].status:
        fail(module, f"main() ends at epoch {len(values[0].loss) - 1}: the loss is not finite")
    for name, seen in zip(("training", "test"), calls.values()):
        if len(seen) != epochs + 1:
            fail(module, f"main() calls forward_propagation() {len(seen)} times on the {name} set "
                 f"if EPOCHS is {epochs}; it should call it {epochs + 1} times, for epochs 0 to "
                 f"{epochs}: check the loop in main()")
    run, *weights = values
    shapes = list(map(np.shape, calls[500][-1][1]))
    if list(map(np.shape, weights[:len(shapes)])) != shapes:
        fail(module, "main() should return, after run, the weights and biases in the order "
             "of initial_weights()")
    if targets_seen[0] is None:  # all in mini-batches
        targets_seen[0] = targets(module, common.load_mnist()[0][1])
    return run, weights, *calls.values(), targets_seen[0]


def test_training(module, few, monkeypatch, epochs=3):
    """main(), on 500 images, makes the updates of gradient descent, and records its numbers."""
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(module.PRECISION)
    Y_train, Y_test = (targets(module, labels, module.PRECISION)
                       for labels in (labels_train, labels_test))
    weights = initial(module)  # a blank function is named at once
    outputs = forward(module, X_train, weights)
    loss(module, outputs[-1], Y_train)
    gradients = backward(module, X_train, Y_train, outputs, weights)
    names = [*named("Wb", weights), *named("A", weights), *named(["dW", "db"], weights)]
    for name, value in zip(names, [*weights, *outputs, *gradients]):
        if isinstance(value, np.ndarray) and value.dtype != module.PRECISION:
            fail(module, f"{name} is in {value.dtype}, not in PRECISION: not wrong, but "
                 "slow; use .astype(PRECISION)")

    run, weights, training, test, Y = watched_main(module, monkeypatch, epochs)
    X = training[0][0]
    scaled = not np.allclose(X.sum(axis=0), X_train.sum(axis=0), rtol=1e-4)  # not only shuffled
    if scaled and np.array_equal(test[0][0], X_test):
        fail(module, "main() changes the pixels of X_train, but not those of X_test: change "
             "both, unless you meant it")
    if not (np.array_equal(Y.sum(axis=0), Y_train.sum(axis=0)) if scaled
            else np.allclose(X.T @ Y, X_train.T @ Y_train, rtol=1e-4)):
        fail(module, "Y, which main() hands to backward_propagation(), is not 1 just where the "
             "label is the digit: check Y_train in main(), its order, and the order of the "
             "arguments")

    expected = {"loss": [], "accuracy": [], "test_loss": [], "test_accuracy": []}
    for epoch, (X, theta) in enumerate(training):
        outputs, output_test = forward(module, X, theta), forward(module, *test[epoch])[-1]
        for prefix, A, Y_true in (("", outputs[-1], Y), ("test_", output_test, Y_test)):
            expected[prefix + "loss"].append(module.loss(A, Y_true))
            expected[prefix + "accuracy"].append(common.accuracy(A, Y_true))
        gradients = backward(module, X, Y, outputs, theta)
        later = training[epoch + 1][1] if epoch < epochs else weights
        for name, before, after, gradient in zip(named("Wb", theta), theta, later, gradients):
            if epoch == epochs:
                compare(module, f"{name} at the end", after, before, f"that of epoch {epochs}",
                        "that main() leaves the loop before the next update")
            else:
                step = before - np.asarray(before - module.LEARNING_RATE * gradient, before.dtype)
                compare(module, f"step {epoch + 1} of {name}", before - after, step,
                        f"LEARNING_RATE * d{name}",
                        f"the update of {name} in main(), unless you meant it", 1e-3)
    for quantity, values in expected.items():
        compare(module, f"run.{quantity}", getattr(run, quantity), values,
                "that of each epoch's weights", "run.record() in main()")

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
        return function(*[read_only(argument) for argument in arguments])
    except NotImplementedError:
        return None
    except Exception as error:
        sentence = explain(module, name, error)
    fail(module, sentence)  # not above, where pytest would show the exception, too


def read_only(array):
    array = np.array(array)  # a copy
    array.flags.writeable = False
    return array


def explain(module, name, error):
    """Return a sentence about an error: the line of the script, and what may be the matter."""
    steps = [step for step in traceback.extract_tb(error.__traceback__)
             if step.filename == module.__file__]
    line, hint = "its call", ""
    if steps:
        code = steps[-1].line.partition("#")[0].strip().rstrip(",")
        line = f"line {steps[-1].lineno}, {code}"
    if "read-only" in str(error):
        hint = ": it changes an array that is still needed; work on a copy, as in A = A.copy()"
    elif "matmul" in str(error) or "not aligned" in str(error):
        hint = f": {ROWS}"
    elif "broadcast" in str(error):
        hint = ": the shapes do not fit; does a sum over an axis lack keepdims=True?"
    return f"{name}() stops in {line}, with {type(error).__name__}: {error}{hint}"


def named(letters, weights):
    """Return a name for each weight or layer: W, b or, with more layers, W1, b1, W2, b2, ..."""
    layers = range(1, len(weights) // 2 + 1) if len(weights) > 2 else [""]
    return [f"{letter}{layer}" for layer in layers for letter in letters]


def called(module, name, names, shapes, *arguments):
    """Return a function's results as a list, once there is one of the right shape for each name."""
    results = call(module, name, *arguments)
    wanted = ", ".join(f"{result} {shape}" for result, shape in zip(names, shapes))
    if results is None:
        fail(module, f"{name}() returns nothing yet; it should return {wanted}")
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    if len(results) != len(names):
        fail(module, f"{name}() returns {len(results)} results; it should return {wanted}")
    for result, shape, value in zip(names, shapes, results):
        numbers = np.size(value) == np.prod(shape) == 1 and np.ndim(value) < 2
        if np.shape(value) != shape and not numbers:
            hint = f": {ROWS}" if np.shape(value) == shape[::-1] != () else ""
            if shape == (1,) and getattr(module, "SHARED_BIAS", False):
                hint = ": is SHARED_BIAS left out?"
            fail(module, f"{name}() returns {result} with shape {np.shape(value)}; it should "
                 f"return {wanted}{hint}")
        if not np.isfinite(value).all():
            fail(module, f"{name}() returns {result} with nan or inf in it")
    return results


def forward(module, X, weights):
    shapes = [(len(X), len(W)) for W in weights[::2]]
    return called(module, "forward_propagation", named("A", weights), shapes, X, *weights)


def backward(module, X, Y, outputs, weights):
    return called(module, "backward_propagation", named(["dW", "db"], weights),
                  [np.shape(weight) for weight in weights], X, Y, *outputs, *weights[2::2])


def plotted_loss(module, A, Y):
    value = call(module, "loss", A, Y)
    if value is None or np.ndim(value):
        got = "nothing yet" if value is None else f"an array of shape {np.shape(value)}"
        fail(module, f"loss() returns {got}; it should return a number, the mean over the images")
    return value


def random_weights(module, dtype=float):
    """Return random weights of the shapes of the script's own."""
    rng = np.random.default_rng(1)
    return [np.array(rng.normal(0, 0.1, np.shape(weight)), dtype) for weight in initial(module)]


def initial(module):
    outputs = 1 if hasattr(module, "DIGIT") else 10
    wanted = f"W (units, inputs) and b for each layer, from 784 pixels to {outputs} output(s)"
    weights = call(module, "initial_weights")
    if weights is None:
        fail(module, f"initial_weights() returns nothing yet; it should return {wanted}")
    inputs = 784
    for W in weights[::2]:
        if np.ndim(W) != 2 or W.shape[1] != inputs:
            fail(module, f"initial_weights() returns a W with shape {np.shape(W)}; it should "
                 f"return {wanted}: {ROWS}")
        inputs = len(W)
    if len(weights) % 2 or inputs != outputs:
        fail(module, f"initial_weights() returns {len(weights)} arrays, the last W with {inputs} "
             f"unit(s); it should return {wanted}")
    return weights


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
        percent = f"{100 * error:.0f}" if error > 0.1 else f"{100 * error:.2g}"
        factor, hint = value @ reference / size**2, ""
        if not value.any():
            hint = " (it is 0)"
        elif (np.linalg.norm(value - factor * reference) < 1e-3 * np.linalg.norm(value)
              and (value.size > 1 or np.isclose(abs(factor), [0.01, 0.5, 1, 2, 100], 0.01).any())):
            hint = f" (it is {factor:.3g} times that)"
        fail(module, f"{quantity} differs from {of} by {percent} %{hint}: check {where}")


def layer(number, weights):
    return f"hidden layer {number}" if 2 * number < len(weights) else "the output layer"


# ---- The tests -----------------------------------------------------------------------------------

def test_initial_weights(module):
    weights, again = initial(module), initial(module)
    for name, weight, other in zip(named("Wb", weights), weights, again):
        if not np.array_equal(weight, other):
            fail(module, f"initial_weights() returns another {name} each time: is there a SEED?")
        if isinstance(weight, np.ndarray) and weight.dtype != module.PRECISION:
            fail(module, f"initial_weights() returns {name} in {weight.dtype}, not in PRECISION")


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def test_forward_propagation(module, images):
    """Each layer's output is an activation of Z = X W^T + b, where X is the output before it."""
    X, _ = images
    weights = random_weights(module)
    outputs = forward(module, X, weights)
    for number, A in enumerate(outputs, 1):
        name, W, b = named("A", weights)[number - 1], *weights[2 * number - 2:2 * number]
        Z = X @ W.T + b
        if 2 * number < len(weights):
            others = [np.maximum(Z, 0), np.tanh(Z)]
        else:
            others = [np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)] if len(W) > 1 else []
            if np.allclose(A, np.exp(Z) / np.exp(Z).sum(axis=0)):
                fail(module, f"{name} is a softmax over the images; over the outputs it is axis=1, "
                     "keepdims=True: check the output layer in forward_propagation()")
        if not any(np.allclose(A, other) for other in others):  # ReLU, tanh, softmax are right, too
            inputs = "X" if number == 1 else f"A{number - 1}"
            compare(module, name, A, sigmoid(Z), f"sigmoid({inputs} W^T + b)",
                    f"{layer(number, weights)} in forward_propagation()", 1e-9)
        X = A


def test_loss(module, images):
    """The loss that is plotted, with 0.0001 or nothing added in the logarithms."""
    rng, Y = np.random.default_rng(2), targets(module, images[1])
    A = rng.uniform(0.1, 0.9, Y.shape)
    losses = -Y * np.log(A)
    if Y.shape[1] == 1:
        losses -= (1 - Y) * np.log(1 - A)
    compare(module, "the loss", plotted_loss(module, A, Y), losses.sum() / len(Y),
            "the report's loss" if Y.shape[1] > 1 else "the mean of equation 2", "loss()", 0.002)


def loss_to_train(A, Y):
    """Return the mean of equation 2, summed over the outputs; of a softmax, of -sum(Y log(A))."""
    losses = -Y * np.log(A)
    if A.shape[1] == 1 or not np.allclose(A.sum(axis=1), 1):
        losses -= (1 - Y) * np.log(1 - A)
    return losses.sum() / len(Y)


def test_backward_propagation(module, images, step=1e-5):
    """Each gradient is how much the loss rises when a weight does: (L(w + h) - L(w - h)) / 2h."""
    test_forward_propagation(module, images)  # if that is wrong, nothing can be said of this
    X, Y = images[0], targets(module, images[1])
    weights = random_weights(module)
    outputs = forward(module, X, weights)
    if not (0 < outputs[-1].min() and outputs[-1].max() < 1):
        fail(module, "the network's output is not between 0 and 1: is there a sigmoid?")
    gradients = backward(module, X, Y, outputs, weights)

    rng, lit = np.random.default_rng(3), np.flatnonzero(X.any(axis=0))
    for k in sorted(range(len(weights)), key=lambda k: (-(k // 2), k)):  # the output layer first
        slopes, entries = [], []
        for _ in range(30):
            entry = tuple(int(rng.integers(size)) for size in weights[k].shape)
            if k == 0:
                entry = entry[0], rng.choice(lit)  # a pixel that is always black has no influence
            losses = []
            for change in (step, -step):
                changed = [weight.copy() for weight in weights]
                changed[k][entry] += change
                losses.append(loss_to_train(forward(module, X, changed)[-1], Y))
            slopes.append((losses[0] - losses[1]) / (2 * step))
            entries.append(entry)
        found = [np.reshape(gradients[k], weights[k].shape)[entry] for entry in entries]
        name = named(["dW", "db"], weights)[k]
        compare(module, name, found, slopes, "the numerical gradient",
                f"{layer(k // 2 + 1, weights)} in backward_propagation()", 1e-5)


def test_outputs_of_exactly_0_and_1(module, images):
    """In float32 they occur; the gradient of an output that is right is then 0."""
    X, Y = images[0], targets(module, images[1])
    weights = random_weights(module)
    outputs = forward(module, X, weights)
    backward(module, X, Y, outputs, weights)
    with np.errstate(all="ignore"):
        gradients = call(module, "backward_propagation", X, Y, *outputs[:-1], Y, *weights[2::2])
    if not all(np.isfinite(gradient).all() for gradient in gradients):
        fail(module, "backward_propagation() returns nan where an output is exactly 0 or 1: a "
             "division by A or 1 - A; with the sigmoid's slope it cancels, and dZ is (A - Y) / m")


def test_precision(module, images):
    X, Y = images[0].astype(np.float32), targets(module, images[1], np.float32)
    weights = random_weights(module, np.float32)
    outputs = forward(module, X, weights)
    gradients = backward(module, X, Y, outputs, weights)
    for function, names, values in (
            ("forward_propagation", named("A", weights), outputs),
            ("backward_propagation", named(["dW", "db"], weights), gradients)):
        for name, value in zip(names, values):
            if np.asarray(value).dtype != np.float32:
                fail(module, f"{function}() returns {name} in {np.asarray(value).dtype}, where "
                     "float32 came in: not wrong, but slow")


def watch(module, monkeypatch):
    """Note what main() hands to the script's functions; make their outputs read-only for main().

    Returns lists: (X, weights) of the calls on 500 and on 200 images, and Y of those on 500.
    """
    forward_propagation, backward_propagation = (
        getattr(module, name, None) for name in ("forward_propagation", "backward_propagation"))
    training, test, targets_seen = [], [], []

    def watched_forward(X, *weights):
        if np.ndim(X) != 2 or X.shape[1] != 784:
            raise ValueError(f"X has shape {np.shape(X)}, not (m, 784): {ROWS}")
        if not np.isfinite(X).all():
            raise ValueError("X has nan or inf in it: check what main() makes of the pixels")
        if len(X) in (500, 200):  # no mini-batch
            (training if len(X) == 500 else test).append((X.copy(), list(map(np.copy, weights))))
        outputs = forward_propagation(X, *weights)
        if isinstance(outputs, (tuple, list)):
            return [read_only(A) for A in outputs]
        return outputs if outputs is None else read_only(outputs)

    def watched_backward(X, Y, *others):
        if len(X) == 200:
            raise ValueError("these are the test images; the training set is what is learned from")
        if len(X) == 500:
            targets_seen.append(np.copy(Y))
        return backward_propagation(X, Y, *others)

    monkeypatch.setattr(module, "forward_propagation", watched_forward, raising=False)
    monkeypatch.setattr(module, "backward_propagation", watched_backward, raising=False)
    return training, test, targets_seen


def check_changed_images(module, X, changed, Y, targets_seen):
    """Return the targets that main() has, if they still belong to its images."""
    X, changed = ((images - images.mean(axis=0)).astype(float) for images in (X, changed))
    X, changed = (images / np.linalg.norm(images, axis=1, keepdims=True) for images in (X, changed))
    order = (changed @ X.T).argmax(axis=1)  # which image each row most looks like
    if np.mean(Y[order] == targets_seen) < 0.99:
        fail(module, "X and Y, which main() hands to backward_propagation(), do not belong "
             "together: are both shuffled in the same order?")
    return targets_seen


def test_training(module, few, monkeypatch, epochs=3):
    """main(), on 500 images, makes the updates of gradient descent, and records its numbers."""
    forward_propagation, backward_propagation = (
        getattr(module, name, None) for name in ("forward_propagation", "backward_propagation"))
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(module.PRECISION)
    Y = targets(module, labels_train, module.PRECISION)
    Y_test = targets(module, labels_test, module.PRECISION)
    outputs = forward(module, X_train, initial(module))  # a blank function is named at once
    plotted_loss(module, outputs[-1], Y)
    backward(module, X_train, Y, outputs, initial(module))

    training, test, targets_seen = watch(module, monkeypatch)
    monkeypatch.setattr(module, "EPOCHS", epochs)
    results = call(module, "main")
    if not isinstance(results, tuple) or not isinstance(results[0], common.Run):
        fail(module, "main() should return run and, after it, the weights and biases")
    run, *weights = results
    if run.status:
        fail(module, f"main() ends early, at epoch {len(run.loss) - 1}: the loss is not finite")
    for name, calls in (("training", training), ("test", test)):
        if len(calls) != epochs + 1:
            fail(module, f"main() calls forward_propagation() {len(calls)} times on the {name} set "
                 f"if EPOCHS is {epochs}; it should call it {epochs + 1} times, for epochs 0 to "
                 f"{epochs}: check the loop in main()")
    if targets_seen and np.array_equal(training[0][0], X_train):
        if not np.array_equal(targets_seen[0], Y):
            fail(module, "Y, which main() hands to backward_propagation(), is not 1 just where the "
                 "label is the digit: check Y_train in main(), and its order")
    elif targets_seen:  # main() has shuffled or scaled the images
        Y = check_changed_images(module, X_train, training[0][0], Y, targets_seen[0])
        scaled = not np.isclose(training[0][0].sum(dtype=float), X_train.sum(dtype=float))
        if scaled and np.array_equal(test[0][0], X_test):
            fail(module, "main() changes the pixels of X_train, but not those of X_test")

    monkeypatch.setattr(module, "forward_propagation", forward_propagation, raising=False)
    monkeypatch.setattr(module, "backward_propagation", backward_propagation, raising=False)
    expected = {"loss": [], "accuracy": [], "test_loss": [], "test_accuracy": []}
    for epoch, (X, theta) in enumerate(training):
        outputs = forward(module, X, theta)
        output_test = forward(module, *test[epoch])[-1]
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
        found = getattr(run, quantity)
        late = np.allclose(found[:-1], values[1:], rtol=1e-6)
        compare(module, f"run.{quantity}", found, values, "that of each epoch's weights",
                f"run.record() in main(){', which belongs before the update' if late else ''}")

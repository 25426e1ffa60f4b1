"""Is each step of the exercises right? For students, after every edit: python -m pytest

Each function is called with right inputs, so each is judged alone. The tests call it by its name,
and know weights, outputs and gradients by their order, so that a third layer fits:

    weights = initial_weights()                                       W, b or W1, b1, W2, b2
    outputs = forward_propagation(X, *weights)                        A    or A1, A2
    gradients = backward_propagation(X, Y, *outputs, *weights[2::2])  dW, db or dW1, db1, dW2, db2
"""
import numpy as np
import pytest
import slips
from judge import (MEANT, backward_fault, check_constants, check_main, close,
                   forward_fault, initial, judge, known, named, network, require, targets)


def test_initial_weights(script):
    """W (units, inputs) and b of each layer, from 784 pixels to the outputs, the same each time."""
    check_constants(script)
    weights = initial(script)
    first = [np.copy(weight) for weight in weights]
    for weight in filter(np.ndim, weights):
        weight *= 2  # as main() changes it
    require(script, all(np.array_equal(W, 2 * w) for W, w in zip(weights, first) if np.ndim(W)),
            "initial_weights() returns one array twice; an update of one changes the other")
    require(script, all(map(np.array_equal, first, initial(script))), "initial_weights() returns "
            "different weights each time; make a generator and new arrays inside it, from SEED")


def test_forward_propagation(script, images):
    """Each layer's output is an activation of Z = X W^T + b, where X is the output before it."""
    X, (_, weights, _, _) = images[0], network(script, *images)
    wanted = {name: (len(X), len(W)) for name, W in zip(named("A", weights), weights[::2])}
    judge(script, "forward_propagation", ["X", *named("Wb", weights)], [X, *weights], wanted,
          lambda *outputs: forward_fault(X, weights, outputs, []))


def test_loss(script, images):
    """The loss that is plotted, with 0.0001 or less added in the logarithms."""
    Y = targets(script, images[1])
    A = np.random.default_rng(2).uniform(0.1, 0.9, Y.shape)

    def fault(value):
        right = [slips.plotted_loss(A, Y, e) for e in (0.0001, 1e-5, 1e-6, 0)]
        if not any(close(value, loss, 2e-6) for loss in right):
            table = [(slip(A, Y), words) for slip, words in slips.LOSS_SLIPS]
            rough = [] if close(value, right[0], 0.01) else table  # 0.0001 may be added in a slip
            words = (known(value, table, tolerance=1e-6) or known(value, rough, tolerance=1e-3)
                     or f"it is {value:.5g}, not {right[0]:.5g}")
            return f"the loss: {words}: check loss()"

    judge(script, "loss", ["A", "Y"], [A, Y], {"a number, the mean over the images": ()}, fault)


def test_the_right_gradients_are_the_slopes_of_the_loss(script, images):
    """Numerically, along directions d that change all weights: (L(w + h d) - L(w - h d)) / 2h."""
    X, (Y, weights, activations, outputs) = images[0], network(script, *images)
    gradients = slips.backward(X, Y, outputs, weights, activations)
    rng, scale, h = np.random.default_rng(4), sum(map(np.size, weights))**-0.5, 1e-4

    def loss(step, d):
        A = slips.forward(X, [w + step * part for w, part in zip(weights, d)], activations)[-1]
        return slips.trained_loss(A, Y, activations[-1])

    for _ in range(5):
        d = [rng.normal(0, scale, np.shape(w)) for w in weights]
        slope = sum(np.vdot(gradient, part) for gradient, part in zip(gradients, d))
        assert abs((loss(h, d) - loss(-h, d)) / (2 * h) - slope) < 1e-8


def test_backward_propagation(script, images):
    """The gradients of equation 2, also where an output is exactly 0 or 1, as in float32."""
    X, (Y, weights, activations, outputs) = images[0], network(script, *images)
    parameters = ["X", "Y", *named("A", weights), *named("W", weights)[1:]]
    wanted = dict(zip(named(["dW", "db"], weights), map(np.shape, weights)))
    exact = [*outputs[:-1], 1.0 * (np.random.default_rng(3).random(Y.shape) > 0.5)]

    def fault(*gradients):
        return backward_fault(X, Y, outputs, weights, activations, gradients)

    def fault_at_0_and_1(*gradients):
        if not all(map(close, gradients, slips.backward(X, Y, exact, weights, activations))):
            return ("backward_propagation() is wrong where an output is exactly 0 or 1: a division "
                    "by A or 1 - A, or not the A that it is given? dZ is (A - Y) / m")

    for given, check in (outputs, fault), (exact, fault_at_0_and_1):
        judge(script, "backward_propagation", parameters, [X, Y, *given, *weights[2::2]], wanted,
              check)


def skip_unless_right(script, images, but=MEANT):
    """Where a function is wrong, its own test says so, and main() is not blamed as well."""
    try:
        test_initial_weights(script)
        for test in test_forward_propagation, test_loss, test_backward_propagation:
            test(script, images)
    except pytest.fail.Exception as failure:
        if but not in str(failure):
            pytest.skip(f"{script.__name__}: a function is wrong; fix it first")


def test_main(script, images, small_mnist):
    """On 500 images: constants, X and Y, each epoch's numbers, updates; then what may be meant."""
    skip_unless_right(script, images)
    check_main(script, small_mnist)

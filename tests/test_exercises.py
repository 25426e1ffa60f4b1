"""Is each step of the exercises right? For students, after every edit: python -m pytest

Each function is called with right inputs, so each is judged alone. The tests call it by its name,
and know weights, outputs and gradients by their order, so that a third layer fits:

    weights = initial_weights()                                       W, b or W1, b1, W2, b2
    outputs = forward_propagation(X, *weights)                        A    or A1, A2
    gradients = backward_propagation(X, Y, *outputs, *weights[2::2])  dW, db or dW1, db1, dW2, db2

The right network stands in slips.py, in plain lines, and below it the slips that the tests know.
"""
from contextlib import suppress
from itertools import chain

import numpy as np
import slips
from judge import (MEANT, as_list, ask, backward_fault, close, constant_faults, fail, forward_fault,
                   initial, judge, known, main_faults, named, network, start_faults)


def test_initial_weights(script):
    """W (units, inputs) and b of each layer, from 784 pixels to the outputs, the same each time."""
    weights = initial(script)
    first = [np.copy(weight) for weight in weights]
    for weight in weights:
        if isinstance(weight, np.ndarray):
            weight *= 2  # as main() changes it
    for name, weight, again in zip(named("Wb", first), first, initial(script)):
        if not np.array_equal(weight, again):
            fail(script, f"initial_weights() returns another {name} each time; make a generator "
                 "from SEED, and new arrays, inside it")


def test_forward_propagation(script, images):
    """Each layer's output is an activation of Z = X W^T + b, where X is the output before it."""
    X, (_, weights, _, _) = images[0], network(script, *images)
    names = named("A", weights)

    def fault(outputs):
        with suppress(Exception):
            again = as_list(script.forward_propagation(X, *weights))
            if not all(map(np.array_equal, outputs, again)):
                return f"forward_propagation() returns another A each time: dropout? {MEANT}"
        return forward_fault(X, weights, outputs, [])

    judge(script, "forward_propagation", ["X", *named("Wb", weights)], [X, *weights],
          {name: (len(X), len(W)) for name, W in zip(names, weights[::2])}, fault)


def test_loss(script, images):
    """The loss that is plotted, with 0.0001 or less added in the logarithms."""
    Y = network(script, *images)[0]
    A = np.random.default_rng(2).uniform(0.1, 0.9, Y.shape)

    def fault(value):
        right = [slips.plotted_loss(A, Y, e) for e in (0.0001, 1e-5, 1e-6, 0)]
        if not any(close(value, loss, 2e-6) for loss in right):
            words = (known(value, slips.ADDED_SLIPS, A, Y, tolerance=1e-6)
                     or known(value, slips.LOSS_SLIPS, A, Y, tolerance=1e-3)
                     or f"it is {value:.5g}, not {right[0]:.5g}")
            return f"the loss: {words}: check loss()"

    judge(script, "loss", ["A", "Y"], [A, Y], {}, fault)


def numerical_slope(loss, weights, direction, step=1e-4):
    """Return how fast the loss rises along a direction: (L(w + h d) - L(w - h d)) / 2h."""
    above, below = (loss([w + sign * step * d for w, d in zip(weights, direction)])
                    for sign in (1, -1))
    return (above - below) / (2 * step)


def test_the_right_gradients_are_the_slopes_of_the_loss(script, images):
    """Along a few random directions, in which every weight and bias takes part."""
    X, (Y, weights, activations, outputs) = images[0], network(script, *images)
    gradients = slips.backward(X, Y, outputs, weights, activations)

    def loss(weights):
        A = slips.forward(X, weights, activations)[-1]
        return slips.trained_loss(A, Y, activations[-1])

    for seed in range(5):
        direction = [np.random.default_rng(seed).normal(size=np.shape(w)) for w in weights]
        length = np.sqrt(sum(np.sum(d**2) for d in direction))
        direction = [d / length for d in direction]
        slope = sum(np.vdot(gradient, d) for gradient, d in zip(gradients, direction))
        assert abs(slope - numerical_slope(loss, weights, direction)) < 1e-8


def test_backward_propagation(script, images):
    """The gradients of equation 2, also where an output is exactly 0 or 1, as in float32."""
    X, (Y, weights, activations, outputs) = images[0], network(script, *images)
    parameters = ["X", "Y", *named("A", weights), *named("W", weights)[1:]]
    wanted = dict(zip(named(["dW", "db"], weights), map(np.shape, weights)))
    A_exact = 1.0 * (np.random.default_rng(3).random(Y.shape) > 0.5)

    def fault(gradients):
        return backward_fault(X, Y, outputs, weights, activations, gradients)

    def fault_at_0_and_1(gradients):
        right = slips.backward(X, Y, [*outputs[:-1], A_exact], weights, activations)
        return None if all(map(close, gradients, right)) else "wrong"

    judge(script, "backward_propagation", parameters, [X, Y, *outputs, *weights[2::2]], wanted,
          fault, before=lambda: script.forward_propagation(X, *weights))
    if ask(script, "backward_propagation", [X, Y, *outputs[:-1], A_exact, *weights[2::2]], wanted,
           fault_at_0_and_1):
        fail(script, "backward_propagation() is wrong where an output is exactly 0 or 1: a "
             "division by A or 1 - A? With the sigmoid's slope it cancels, and dZ is (A - Y) / m")


def test_main(script, small_mnist, monkeypatch):
    """On 500 images: X and Y that belong together, an update after each epoch, its numbers.

    Last of all, what may be meant: another update, or another start than the report's.
    """
    meant = []
    for fault in chain(constant_faults(script), main_faults(script, monkeypatch, small_mnist),
                       start_faults(script)):
        if not fault.endswith(MEANT):
            fail(script, fault)
        meant.append(fault)
    if meant:
        fail(script, meant[0])

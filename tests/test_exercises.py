"""Is each step of the exercises right? For students, after every edit: python -m pytest

Each function is called with right inputs, so each is judged alone. The tests call the functions
by their names, and know weights, outputs and gradients by their order, so that a third layer fits:

    Y = targets(labels)
    weights = initial_weights()                                       W, b or W1, b1, W2, b2
    outputs = forward_propagation(X, *weights)                        A    or A1, A2
    gradients = backward_propagation(X, Y, *outputs, *weights[2::2])  dW, db or dW1, db1, dW2, db2
"""
import numpy as np
import pytest
import slips
from compare import MEANT
from judge import function_fault, gravest_fault, make_network
from judge_main import main_fault
from scripts import fail_with


def test_targets(script, images):
    """Y is 1 where the answer is yes, else 0."""
    fail_with(script, function_fault(script, "targets", *images))


def test_initial_weights(script, images):
    """W (units, inputs) and b of each layer, as the docstring says, the same in each call."""
    fail_with(script, function_fault(script, "initial_weights", *images))


def test_forward_propagation(script, images):
    """Each layer's output is an activation of Z = X W^T + b, where X is the output before it."""
    fail_with(script, function_fault(script, "forward_propagation", *images))


def test_loss(script, images):
    """The loss that is plotted, with 0.0001 added in the logarithms or, in C, nothing."""
    fail_with(script, function_fault(script, "loss", *images))


def test_backward_propagation(script, images):
    """The gradients of equation 2, also where an output is exactly 0 or 1, as in float32."""
    fail_with(script, function_fault(script, "backward_propagation", *images))


def test_main(script, images, small_mnist):
    """On 500 images: the numbers of each epoch, and the updates."""
    fault = gravest_fault(script, *images)
    if fault and MEANT not in fault:
        pytest.skip(f"{script.__name__}: a function is wrong; fix it first: {fault}")
    fail_with(script, main_fault(script, small_mnist))


@pytest.mark.full
def test_the_right_gradients_are_the_slopes_of_the_loss(script, images):
    """Numerically, along directions d that change all weights: (L(w + h d) - L(w - h d)) / 2h."""
    X, Y, weights, activations, outputs, _ = make_network(script, *images)
    gradients = slips.backward(X, Y, outputs, weights, activations)
    scale = sum(weight.size for weight in weights) ** -0.5
    h = 1e-4
    rng = np.random.default_rng(4)

    def loss(step, directions):
        moved = [weight + step * d for weight, d in zip(weights, directions)]
        return slips.trained_loss(slips.forward(X, moved, activations)[-1], Y, activations[-1])

    for _ in range(5):
        directions = [rng.normal(0, scale, np.shape(weight)) for weight in weights]
        slope = sum(np.vdot(gradient, d) for gradient, d in zip(gradients, directions))
        assert abs((loss(h, directions) - loss(-h, directions)) / (2 * h) - slope) < 1e-8

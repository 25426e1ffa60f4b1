"""Does TensorFlow, with the same weights and on the same images, find the same numbers?"""
import numpy as np
import pytest
from judge import MEANT, call, close, initial, named, network, require, targets, watch
from test_exercises import skip_unless_right

tf = pytest.importorskip("tensorflow")


def one_layer(X, Y, W, b):
    with tf.GradientTape() as tape:
        Z = X @ tf.transpose(W) + b
        loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(Y, Z)) / len(X)
    return [tf.sigmoid(Z), *tape.gradient(loss, [W, b])]


def two_layers(X, Y, W1, b1, W2, b2):
    with tf.GradientTape() as tape:
        A1 = tf.sigmoid(X @ tf.transpose(W1) + b1)
        Z2 = A1 @ tf.transpose(W2) + b2
        loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(Y, Z2)) / len(X)
    return [A1, tf.sigmoid(Z2), *tape.gradient(loss, [W1, b1, W2, b2])]


@pytest.fixture
def right(script, images):
    """Random weights, and TensorFlow's network. What fails on few images is not tried on 60,000."""
    skip_unless_right(script, images, but="no fault at all")
    _, weights, activations, _ = network(script, *images)
    if activations not in (["sigmoid"], ["sigmoid"] * 2):
        pytest.skip(f"{script.__name__}: not a network of the report")
    return weights, two_layers if len(weights) == 4 else one_layer


def test_outputs_and_gradients(script, right, mnist):
    """On all 60,000 images, in float32."""
    (weights, reference), (X, labels) = right, mnist[0]
    Y, weights = targets(script, labels, np.float32), [w.astype(np.float32) for w in weights]
    outputs = call(script, "forward_propagation", X, *weights)
    ours = outputs + call(script, "backward_propagation", X, Y, *outputs, *weights[2::2])
    theirs = reference(X, Y, *map(tf.Variable, weights))
    names = named("A", weights) + named(["dW", "db"], weights)
    for name, value, wanted in zip(names, ours, theirs):
        require(script, close(value, wanted.numpy(), 1e-4),
                f"{name} of all 60,000 images differs from TensorFlow's")


def test_training_equals_keras(script, right, small_mnist):
    """Eight updates, in float64, from the same initial weights."""
    script.PRECISION, optimizer = np.float64, tf.keras.optimizers.SGD(script.LEARNING_RATE)
    X, Y = small_mnist[0][0].astype(float), targets(script, small_mnist[0][1])
    variables = [tf.Variable(weight, dtype="float64") for weight in initial(script)]
    weights, reference = right
    for _ in range(8):
        gradients = reference(X, Y, *variables)[-len(weights):]
        optimizer.apply_gradients(zip(gradients, variables))
    (_, *trained), _, _ = watch(script, epochs=8)
    for name, weight, wanted in zip(named("Wb", weights), trained, variables):
        require(script, close(weight, wanted.numpy(), 1e-5),
                f"{name} differs from Keras's after 8 epochs: check main(), {MEANT}")

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
def weights(script, images):
    """Random ones. What fails on 100 images could take all the memory on 60,000: it is skipped."""
    skip_unless_right(script, images, but="no fault at all")
    _, weights, activations, _ = network(script, *images)
    if activations not in (["sigmoid"], ["sigmoid"] * 2):
        pytest.skip(f"{script.__name__}: not a network of the report")
    return weights


def test_outputs_and_gradients(script, weights, mnist):
    """On all 60,000 images, in float32."""
    X, labels = mnist[0]
    Y, weights = targets(script, labels, np.float32), [w.astype(np.float32) for w in weights]
    outputs = call(script, "forward_propagation", X, *weights)
    ours = outputs + call(script, "backward_propagation", X, Y, *outputs, *weights[2::2])
    reference = two_layers if len(weights) == 4 else one_layer
    theirs = reference(X, Y, *map(tf.Variable, weights))
    names = named("A", weights) + named(["dW", "db"], weights)
    for name, value, right in zip(names, ours, theirs):
        require(script, close(value, right.numpy(), 1e-4),
                f"{name} of all 60,000 images differs from TensorFlow's")


def test_training_equals_keras(script, weights, small_mnist):
    """Eight updates, in float64, from the same initial weights."""
    script.PRECISION, optimizer = np.float64, tf.keras.optimizers.SGD(script.LEARNING_RATE)
    X, Y = small_mnist[0][0].astype(float), targets(script, small_mnist[0][1])
    variables = [tf.Variable(weight, dtype="float64") for weight in initial(script)]
    reference = two_layers if len(weights) == 4 else one_layer
    for _ in range(8):
        gradients = reference(X, Y, *variables)[-len(weights):]
        optimizer.apply_gradients(zip(gradients, variables))
    (_, *trained), _, _ = watch(script, epochs=8)
    for name, weight, right in zip(named("Wb", weights), trained, variables):
        require(script, close(weight, right.numpy(), 1e-5),
                f"{name} differs from Keras's after 8 epochs: check main(), {MEANT}")

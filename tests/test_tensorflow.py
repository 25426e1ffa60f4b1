"""Does TensorFlow, with the same weights and on the same images, find the same numbers?"""
import numpy as np
import pytest
from compare import close
from judge import gravest_fault, make_network
from scripts import ROOT, A, B, C, call, fail_with, load, names_of

tf = pytest.importorskip("tensorflow")


def tensorflow_network(X, Y, weights):
    """Return the outputs of all layers, and the gradients of the mean of equation 2."""
    outputs = []
    inputs = X
    with tf.GradientTape() as tape:
        for W, b in zip(weights[::2], weights[1::2]):
            Z = inputs @ tf.transpose(W) + tf.reshape(b, [-1])
            inputs = tf.sigmoid(Z)
            outputs.append(inputs)
        loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(Y, Z)) / len(X)
    return outputs, tape.gradient(loss, weights)


def test_outputs_and_gradients(script, images, mnist):
    """On all 60,000 images, in float32. What is wrong on few images is not tried on 60,000."""
    if gravest_fault(script, *images):
        pytest.skip(f"{script.__name__}: a function is wrong, or not the report's")
    network = make_network(script, *images)
    if set(network.activations) != {"sigmoid"}:
        pytest.skip(f"{script.__name__}: not a network of the report")

    X, labels = mnist[0]
    Y = make_network(script, X, labels).Y.astype(np.float32)
    weights = [weight.astype(np.float32) for weight in network.weights]
    outputs, fault = call(script, "forward_propagation", X, *weights)
    fail_with(script, fault)
    gradients, fault = call(script, "backward_propagation", X, Y, *outputs, *weights[2::2])
    fail_with(script, fault)
    right_outputs, right_gradients = tensorflow_network(
        X, Y, [tf.Variable(weight) for weight in weights])
    names = names_of("A", weights) + [f"d{name}" for name in names_of("Wb", weights)]
    ours = [*outputs, *gradients]
    theirs = [*right_outputs, *right_gradients]
    for name, value, right in zip(names, ours, theirs):
        if name.startswith("db"):
            value = np.reshape(value, right.shape)  # (units, 1) and a number are right, too
        if not close(value, right.numpy(), 1e-4):  # float32, added up in another order
            fail_with(script, f"{name} of all 60,000 images differs from TensorFlow's")


@pytest.mark.full
@pytest.mark.parametrize("name", [A, B, C])
def test_training_equals_keras(name, small_mnist):
    """Eight updates, in float64, from the same initial weights."""
    script, _ = load(ROOT / f"{name}.py", EPOCHS=8, PRECISION=np.float64)
    _, *trained = script.main()

    X, labels = small_mnist[0]
    X = X.astype(float)
    Y = script.targets(labels)
    variables = [tf.Variable(weight) for weight in script.initial_weights()]
    optimizer = tf.keras.optimizers.SGD(script.LEARNING_RATE)
    for _ in range(8):
        _, gradients = tensorflow_network(X, Y, variables)
        optimizer.apply_gradients(zip(gradients, variables))
    for weight, right in zip(trained, variables):
        assert close(weight, right.numpy(), 1e-5)

"""Exercise B: a network with one hidden layer learns to tell one digit from all the others.

    python lab2_2_skeleton.py

784 pixels -> 64 sigmoid units -> 1 sigmoid unit (sections I.B, II.B and III.B of the report).
Draws the report's figures 3a and 3b, and in figure 3c what the hidden units have learned,
into figures/.
"""
import common  # before NumPy: it shares the cores among the workers of both
import numpy as np

DIGIT = 0             # the digit to recognise, 0 to 9
HIDDEN_UNITS = 64     # units of the hidden layer
LEARNING_RATE = 1.0   # alpha, the step of gradient descent
EPOCHS = 500          # passes over the training images
INIT_SCALE = 0.02     # standard deviation of the initial weights
SEED = 0              # of the initial weights


def forward_propagation(X, W1, b1, W2, b2):
    """Return A1, Z2 and A2 for the images X (m, 784): what each layer makes of its inputs."""
    Z1 = common.linear_forward(X, W1, b1, "hidden layer")      # (m, 64)  X W1^T + b1
    A1 = common.sigmoid(Z1)                                    # (m, 64)  equation 1
    Z2 = common.linear_forward(A1, W2, b2, "output layer")     # (m, 1)   A1 W2^T + b2
    A2 = common.sigmoid(Z2)                                    # (m, 1)
    return A1, Z2, A2


def backward_propagation(X, Y, A1, A2, W2):
    """Return the gradients, for each weight and bias, of the mean over the images of equation 2."""
    m = len(X)
    dZ2 = (A2 - Y) / m                                          # (m, 1)
    dW2, db2 = common.linear_backward(dZ2, A1, "output layer")  # (1, 64), (1,)  dZ2^T A1, sum dZ2
    dA1 = dZ2 @ W2                                              # (m, 64)
    dZ1 = dA1 * A1 * (1 - A1)                                   # (m, 64)
    dW1, db1 = common.linear_backward(dZ1, X, "hidden layer")   # (64, 784), (64,)  dZ1^T X, sum dZ1
    return dW1, db1, dW2, db2


def main():
    epochs, learning_rate, seed = common.read_settings(__doc__, globals())
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist()
    Y_train = common.is_digit(labels_train, DIGIT)     # (60000, 1)
    Y_test = common.is_digit(labels_test, DIGIT)       # (10000, 1)

    rng = np.random.default_rng(seed)
    W1 = rng.normal(0, INIT_SCALE, (HIDDEN_UNITS, 784)).astype(np.float32)  # (64, 784)
    b1 = np.zeros(HIDDEN_UNITS, np.float32)                                 # (64,)
    W2 = rng.normal(0, INIT_SCALE, (1, HIDDEN_UNITS)).astype(np.float32)    # (1, 64)
    b2 = np.zeros(1, np.float32)                                            # (1,)

    def train(X, Y):  # X and Y: some rows of the training set
        A1, Z2, A2 = forward_propagation(X, W1, b1, W2, b2)
        gradients = backward_propagation(X, Y, A1, A2, W2)
        return common.binary_cross_entropy(Z2, Y), common.binary_accuracy(A2, Y), *gradients

    def test(X, Y):  # and of the test set
        A1, Z2, A2 = forward_propagation(X, W1, b1, W2, b2)
        return common.binary_cross_entropy(Z2, Y), common.binary_accuracy(A2, Y)

    run = common.Run(epochs)
    for epoch in run:
        loss, accuracy, dW1, db1, dW2, db2 = common.mean_over_blocks(train, X_train, Y_train)
        W1 -= learning_rate * dW1
        b1 -= learning_rate * db1
        W2 -= learning_rate * dW2
        b2 -= learning_rate * db2
        test_loss, test_accuracy = common.mean_over_blocks(test, X_test, Y_test)
        run.record(loss, accuracy, test_loss, test_accuracy)

    figure, axes = common.draw_curves(
        run, "accuracy", "Fig. 3a: accuracy with a hidden layer", {"test": 0.9913})
    run.save(figure, "fig3a_accuracy.png")
    figure, axes = common.draw_curves(
        run, "loss", "Fig. 3b: loss with a hidden layer", {"test": 0.02696})
    run.save(figure, "fig3b_loss.png")
    figure = common.draw_weights(W1, "Fig. 3c: the weights of the hidden units, by pixel")
    run.save(figure, "fig3c_hidden_weights.png")
    return run.finish([
        ("test accuracy, epoch 500", ".4f", 0.9913, run.at("test_accuracy", 500)),
        ("test loss, epoch 500", ".5f", 0.02696, run.at("test_loss", 500)),
    ])


if __name__ == "__main__":
    common.run_script(main)

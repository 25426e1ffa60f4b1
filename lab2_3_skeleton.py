"""Exercise C: a network with one hidden layer and ten outputs learns to read all ten digits.

    python lab2_3_skeleton.py

784 pixels -> 64 sigmoid units -> 10 sigmoid units (sections I.C, II.C and III.C of the report).
Draws the report's figures 4a and 4b, and in figure 4c what the network still confuses, into
figures/.
"""
import common  # before NumPy: it shares the cores among the workers of both
import numpy as np

HIDDEN_UNITS = 64     # units of the hidden layer
LEARNING_RATE = 0.7   # alpha, the step of gradient descent
EPOCHS = 500          # passes over the training images
INIT_SCALE = 0.2      # standard deviation of the initial weights
SEED = 0              # of the initial weights


def forward_propagation(X, W1, b1, W2, b2):
    """Return A1, Z2 and A2 for the images X (m, 784): what each layer makes of its inputs."""
    Z1 = common.linear_forward(X, W1, b1, "hidden layer")      # (m, 64)  X W1^T + b1
    A1 = common.sigmoid(Z1)                                    # (m, 64)  equation 1
    Z2 = common.linear_forward(A1, W2, b2, "output layer")     # (m, 10)  A1 W2^T + b2
    A2 = common.sigmoid(Z2)                                    # (m, 10)
    return A1, Z2, A2


def backward_propagation(X, Y, A1, A2, W2):
    """Return the gradients, for each weight and bias, of the mean over the images of equation 2.

    Each output has an equation 2 of its own; the loss that is trained is the sum of the ten.
    """
    m = len(X)
    dZ2 = (A2 - Y) / m                                          # (m, 10)
    dW2, db2 = common.linear_backward(dZ2, A1, "output layer")  # (10, 64), (10,)  dZ2^T A1, sum dZ2
    dA1 = dZ2 @ W2                                              # (m, 64)
    dZ1 = dA1 * A1 * (1 - A1)                                   # (m, 64)
    dW1, db1 = common.linear_backward(dZ1, X, "hidden layer")   # (64, 784), (64,)  dZ1^T X, sum dZ1
    return dW1, db1, dW2, db2


def main():
    epochs, learning_rate, seed = common.read_settings(__doc__, globals())
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist()
    Y_train = common.one_hot(labels_train)     # (60000, 10)
    Y_test = common.one_hot(labels_test)       # (10000, 10)

    rng = np.random.default_rng(seed)
    W1 = rng.normal(0, INIT_SCALE, (HIDDEN_UNITS, 784)).astype(np.float32)  # (64, 784)
    b1 = np.zeros(HIDDEN_UNITS, np.float32)                                 # (64,)
    W2 = rng.normal(0, INIT_SCALE, (10, HIDDEN_UNITS)).astype(np.float32)   # (10, 64)
    b2 = np.zeros(10, np.float32)                                           # (10,)

    def train(X, Y):  # X and Y: some rows of the training set
        A1, Z2, A2 = forward_propagation(X, W1, b1, W2, b2)
        gradients = backward_propagation(X, Y, A1, A2, W2)
        return (common.categorical_cross_entropy(Z2, Y), common.categorical_accuracy(A2, Y),
                *gradients)

    def test(X, Y):  # and of the test set
        A1, Z2, A2 = forward_propagation(X, W1, b1, W2, b2)
        return common.categorical_cross_entropy(Z2, Y), common.categorical_accuracy(A2, Y)

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
        run, "accuracy", "Fig. 4a: accuracy on ten digits", {"test": 0.9238})
    run.save(figure, "fig4a_accuracy.png")
    figure, axes = common.draw_curves(
        run, "loss", "Fig. 4b: loss on ten digits", {"test": 0.3298})
    run.save(figure, "fig4b_loss.png")
    A1, Z2, A2 = forward_propagation(X_test, W1, b1, W2, b2)
    run.save(draw_confusion_matrix(A2, X_test, labels_test), "fig4c_confusion_matrix.png")
    return run.finish([
        ("test accuracy, epoch 500", ".4f", 0.9238, run.at("test_accuracy", 500)),
        ("test loss, epoch 500", ".4f", 0.3298, run.at("test_loss", 500)),
    ])


def draw_confusion_matrix(A2, X, labels):
    """Return a figure of true against predicted digits, and of the most confident mistakes.

    A2: (m, 10), the outputs for the images X (m, 784) of the digits labels (m,).
    """
    predicted = A2.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, predicted), 1)

    figure = common.new_figure(7.6, 4.4)
    left, right = figure.subfigures(1, 2, width_ratios=(5, 4))
    axes = left.add_subplot(title=f"Fig. 4c: {len(wrong)} of {len(X):,} test images misread",
                            xlabel="predicted digit", ylabel="true digit",
                            xticks=range(10), yticks=range(10))
    axes.imshow(counts ** 0.3, cmap="Greys", vmax=9)  # the power shows rare mistakes, too
    for (true, guess), count in np.ndenumerate(counts):
        axes.text(guess, true, count or "", ha="center", va="center", size="small",
                  color="white" if count > 300 else "black")

    right.suptitle("Confident mistakes: true -> predicted")
    confidence = A2[wrong, predicted[wrong]]
    cells = right.subplots(5, 4).ravel()
    for cell in cells:
        cell.set_axis_off()
    for cell, image in zip(cells, wrong[np.argsort(-confidence)]):
        cell.imshow(X[image].reshape(28, 28), cmap="Greys")
        cell.set_title(f"{labels[image]} -> {predicted[image]}", size="medium")
    return figure


if __name__ == "__main__":
    common.run_script(main)

"""Exercise C: a network with one hidden layer and ten outputs learns to read all ten digits.

    python lab2_3_skeleton.py

784 pixels -> 64 sigmoid units -> 10 sigmoid units (sections I.C, II.C and III.C of the report).
Draws the report's figures 1, 4a and 4b, and what the network still confuses as figure 4c.
The helpers linear_forward, sigmoid and linear_backward are in common.py.
"""
import numpy as np
from matplotlib.colors import PowerNorm

import common

HIDDEN_UNITS = 64       # units of the hidden layer
LEARNING_RATE = 0.8     # alpha, the size of a step of gradient descent
EPOCHS = 500            # updates, each from all training images
INIT_RANGE = 0.05       # the initial weights lie between -INIT_RANGE and INIT_RANGE
SEED = 138              # of the random numbers for the initial weights
SHARED_BIAS = True      # one bias for all units of a layer, as in the report; False: one for each
PRECISION = np.float32  # np.float64: more digits, in twice the time


def initial_weights():
    """Return W1 (HIDDEN_UNITS, 784), b1, W2 (10, HIDDEN_UNITS) and b2, in PRECISION.

    b1, all 0.001, and b2, all 0.002, are (1,) if SHARED_BIAS, else (HIDDEN_UNITS,) and (10,). W1,
    then W2 are uniform from -INIT_RANGE to INIT_RANGE, drawn by np.random.RandomState(SEED). As in
    the report, it first makes a permutation(60_000), of which no use is made here.
    """
    rng = np.random.RandomState(SEED)
    rng.permutation(60_000)    # the report shuffled the images, which changes what is drawn next
    W1 = rng.uniform(-INIT_RANGE, INIT_RANGE, (HIDDEN_UNITS, 784)).astype(PRECISION)  # (64, 784)
    b1 = np.full(1 if SHARED_BIAS else HIDDEN_UNITS, 0.001, PRECISION)                # (1,), (64,)
    W2 = rng.uniform(-INIT_RANGE, INIT_RANGE, (10, HIDDEN_UNITS)).astype(PRECISION)   # (10, 64)
    b2 = np.full(1 if SHARED_BIAS else 10, 0.002, PRECISION)                          # (1,), (10,)
    return W1, b1, W2, b2


def forward_propagation(X, W1, b1, W2, b2):
    """Return A1 (m, 64) and A2 (m, 10), the outputs of the layers for the images X (m, 784)."""
    Z1 = common.linear_forward(X, W1, b1)                       # (m, 64)  X W1^T + b1
    A1 = common.sigmoid(Z1)                                     # (m, 64)  equation 1
    Z2 = common.linear_forward(A1, W2, b2)                      # (m, 10)  A1 W2^T + b2
    A2 = common.sigmoid(Z2)                                     # (m, 10)
    return A1, A2


def loss(A, Y):
    """Return the mean over the images of -sum(Y log(A)), the loss that the report plots for C.

    A, Y: (m, 10); the sum is over the outputs. Nothing is added to A here, which is never 0.
    """
    A_true = A[Y == 1]                                          # (m,)  the output of the true digit
    return -np.log(A_true).mean(dtype=np.float64)


def backward_propagation(X, Y, A1, A2, W2):
    """Return dW1, db1, dW2, db2, the gradients of the loss that is trained, shaped as W1 to b2.

    The loss that is trained is not loss() above: it is equation 2, summed over the outputs and
    averaged over the images. The gradient of a bias that units share is the sum of theirs.
    """
    m = len(X)
    dZ2 = (A2 - Y) / m                                          # (m, 10)
    dW2, db2 = common.linear_backward(dZ2, A1)                  # (10, 64), (10,)
    dA1 = dZ2 @ W2                                              # (m, 64)
    dZ1 = dA1 * A1 * (1 - A1)                                   # (m, 64)
    dW1, db1 = common.linear_backward(dZ1, X)                   # (64, 784), (64,)
    if SHARED_BIAS:    # a layer's bias moves all its units
        db1, db2 = db1.sum(keepdims=True), db2.sum(keepdims=True)    # (1,), (1,)
    return dW1, db1, dW2, db2


def main():
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    one_hot = np.eye(10, dtype=PRECISION)    # row k: 1 in column k, else 0
    Y_train = one_hot[labels_train]                             # (60000, 10)
    Y_test = one_hot[labels_test]                               # (10000, 10)
    W1, b1, W2, b2 = initial_weights()

    with common.Run("C", EPOCHS, HIDDEN_UNITS=HIDDEN_UNITS, LEARNING_RATE=LEARNING_RATE,
                    INIT_RANGE=INIT_RANGE, SEED=SEED, SHARED_BIAS=SHARED_BIAS) as run:
        for epoch in range(EPOCHS + 1):    # the number of updates so far
            A1, A2 = forward_propagation(X_train, W1, b1, W2, b2)
            A1_test, A2_test = forward_propagation(X_test, W1, b1, W2, b2)
            run.record(accuracy=common.accuracy(A2, Y_train), loss=loss(A2, Y_train),
                       test_accuracy=common.accuracy(A2_test, Y_test),
                       test_loss=loss(A2_test, Y_test))
            if epoch == EPOCHS or run.stopped:    # by a loss that is not finite
                break
            dW1, db1, dW2, db2 = backward_propagation(X_train, Y_train, A1, A2, W2)
            W1 -= LEARNING_RATE * dW1
            b1 -= LEARNING_RATE * db1
            W2 -= LEARNING_RATE * dW2
            b2 -= LEARNING_RATE * db2

    run.print_table()
    draw_network(run, "figures/fig1_network.png", X_test[0], A1_test[0], A2_test[0], labels_test[0])
    common.draw_curves(run, "figures/fig4a_accuracy.png", "accuracy",
                       "Fig. 4a: accuracy on ten digits")
    common.draw_curves(run, "figures/fig4b_loss.png", "loss", "Fig. 4b: loss on ten digits")
    draw_confusion_matrix(run, "figures/fig4c_confusion_matrix.png", A2_test, X_test, labels_test)
    return run, W1, b1, W2, b2


def draw_network(run, name, image, hidden, outputs, label):
    """Draw what flows through the network for an image (784,) of the digit label.

    hidden, outputs: the image's row of A1 and of A2.
    """
    with common.new_figure(run, name, 7.6, 3.2) as figure:
        figure.suptitle(f"Fig. 1: a test image of a {label}, read as a {outputs.argmax()}")
        left, middle, right = figure.subplots(1, 3, width_ratios=(3, 3, 2))
        left.imshow(image.reshape(28, 28), cmap="Greys")
        left.set(xlabel="X: 784 pixels", xticks=[], yticks=[])
        side = int(np.ceil(np.sqrt(len(hidden))))    # of a square, white where there is no unit
        square = np.pad(hidden, (0, side**2 - len(hidden)), constant_values=np.nan)
        middle.imshow(square.reshape(side, side), cmap="cividis")
        middle.set(xlabel=f"A1: {len(hidden)} hidden units", xticks=[], yticks=[])
        right.barh(range(len(outputs)), outputs)
        right.set(xlabel=f"A2: {len(outputs)} outputs", xlim=(0, 1), yticks=range(len(outputs)))
        right.invert_yaxis()    # 0 on top
        for axes, weights in (middle, "$W_1, b_1$"), (right, "$W_2, b_2$"):
            axes.annotate(weights, (0, 0.5), (-75, 0), "axes fraction", "offset points",
                          arrowprops={"arrowstyle": "->", "shrinkB": 16}, va="center")


def draw_confusion_matrix(run, name, A, X, labels):
    """Draw how often each digit is read as which, and the worst mistakes.

    A: (m, 10), the outputs for the images X (m, 784) of the digits labels (m,).
    """
    predicted = A.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    counts = np.bincount(10 * labels + predicted, minlength=100).reshape(10, 10)

    with common.new_figure(run, name, 7.6, 4.4) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=(5, 4))
        axes = left.add_subplot(title=f"Fig. 4c: {len(wrong):,} of {len(X):,} test images misread",
                                xlabel="predicted digit", ylabel="true digit",
                                xticks=range(10), yticks=range(10))
        axes.imshow(counts, cmap="Greys", norm=PowerNorm(0.3, 0, 1500))    # shows rare ones, too
        for (true, guess), count in np.ndenumerate(counts):
            axes.text(guess, true, count or "", ha="center", va="center", size="small",
                      color="white" if count > 300 else "black")

        right.suptitle("Worst mistakes: true -> predicted")
        worst = wrong[np.argsort(-A[wrong, predicted[wrong]])]    # largest outputs first
        cells = right.subplots(5, 4, subplot_kw={"frame_on": False, "xticks": [], "yticks": []})
        for cell, image in zip(cells.flat, worst):
            cell.imshow(X[image].reshape(28, 28), cmap="Greys")
            cell.set_title(f"{labels[image]} -> {predicted[image]}", size="medium")


if __name__ == "__main__":
    EPOCHS, LEARNING_RATE, SEED = common.read_options(__doc__, EPOCHS, LEARNING_RATE, SEED)
    run, W1, b1, W2, b2 = main()
    if run.status:
        raise SystemExit(run.status)

"""Do the table and the figures show what they say, number by number?"""
import matplotlib
import numpy as np
import pytest
from conftest import ROOT, SCRIPTS, load
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import common

pytestmark = pytest.mark.full
A, B, C = SCRIPTS
CURVES = {  # of each script, the figures with curves: quantity, first and last epoch
    A: {"fig2a_loss.png": ("loss", 10, None), "fig2b_loss_zoom.png": ("loss", 300, None),
        "fig2c_loss_500_epochs.png": ("loss", 10, 500),
        "fig2e_accuracy.png": ("accuracy", 10, None)},
    B: {"fig3a_accuracy.png": ("accuracy", 1, None), "fig3b_loss.png": ("loss", 1, None)},
    C: {"fig4a_accuracy.png": ("accuracy", 1, None), "fig4b_loss.png": ("loss", 1, None)},
}
FIGURES = {A: {*CURVES[A], "fig2d_weights.png"}, B: {*CURVES[B], "fig3c_hidden_weights.png"},
           C: {*CURVES[C], "fig1_network.png", "fig4c_confusion_matrix.png"}}


def made_up_run(exercise="A", epochs=10_000, **settings):
    """Return a run in which every number is another one."""
    run = common.Run(exercise, epochs, **settings)
    for k, quantity in enumerate(("loss", "test_loss", "accuracy", "test_accuracy")):
        values = (0.2 + 0.1 * k) * (2 + np.cos(np.arange(epochs + 1)))
        getattr(run, quantity).extend(values.tolist())
    return run


@pytest.mark.parametrize("exercise, epochs", [("A", 10_000), ("A", 500), ("A", 499), ("B", 500),
                                              ("C", 499), ("C", 498)])
def test_table(exercise, epochs, capsys):
    """Row by row: the report's digits, and this run's of the same epoch, if it got that far."""
    run = made_up_run(exercise, epochs)
    run.rises_from = 2000
    run.print_table()
    _, head, *rows, _, last, accuracy, loss = (
        line for line in capsys.readouterr().out.splitlines() if not line.startswith("not "))
    assert head.split() == ["report", "this", "run"]
    assert len(rows) == len(run.results)
    for line, (name, digits, _, quantity, epoch) in zip(rows, run.results):
        ours = getattr(run, quantity)
        if epoch:
            ours = ours[epoch] if epoch <= epochs else None
        assert line == f"{name:36} {digits:>20} {ours or 'needs more epochs':>20}"
    assert last.split() == ["this", "run,", "epoch", str(epochs), "training", "test"]
    assert accuracy.split()[1:] == [f"{run.accuracy[-1]:.4f}", f"{run.test_accuracy[-1]:.4f}"]
    assert loss.split() == ["loss", repr(run.loss[-1]), repr(run.test_loss[-1])]


@pytest.mark.parametrize("exercise, quantity, epoch, right, wrong", [
    ("A", "loss", 500, 0.03004882, 0.0301), ("A", "test_loss", 500, 0.02519676, 0.0251966),
    ("B", "test_loss", 499, 0.0269608, 0.0269657), ("B", "test_accuracy", 499, 0.9913, 0.9912),
    ("C", "test_loss", 499, 0.329822, 0.312764), ("C", "test_accuracy", 499, 0.9238, 0.9239)])
def test_numbers_that_are_not_the_reports_are_told(exercise, quantity, epoch, right, wrong, capsys):
    """Where its settings are: a run with other settings says those, and a shorter one nothing."""
    said = "not the report's numbers: the network or its first weights differ\n"
    for number, SEED, words in ((right, 138, ""), (wrong, 138, said),
                                (wrong, 7, "not the report's settings: SEED = 7\n")):
        run = made_up_run(exercise, 500, SEED=SEED)
        for result in run.results[:2]:
            getattr(run, result.quantity)[result.epoch] = float(result.digits)
        getattr(run, quantity)[epoch] = number
        run.print_table()
        *_, last = capsys.readouterr().out.splitlines(keepends=True)
        assert last == words or not words and last.startswith("loss "), number
        for numbers in run.lists:
            del numbers[400:]
        run.print_table()
        assert said not in capsys.readouterr().out


CHANGES = {"DIGIT": 3, "HIDDEN_UNITS": 5, "LEARNING_RATE": 0.25, "INIT_RANGE": 0.5, "SEED": 7,
           "SHARED_BIAS": False}


@pytest.mark.parametrize("epochs, changes", [(600, {}), (20, {}), (1, {}), (510, CHANGES)])
@pytest.mark.parametrize("name", SCRIPTS)
def test_main_draws_its_own_numbers(name, epochs, changes, few, capsys):
    """With the report's numbers, if the settings are the report's; else the settings are said."""
    module = load(ROOT / f"{name}.py")
    changes = {key: value for key, value in changes.items() if hasattr(module, key)}
    vars(module).update(changes, EPOCHS=epochs)
    run, W, *weights = module.main()
    assert set(few) == FIGURES[name]
    if changes:
        start, settings = capsys.readouterr().out.splitlines()[-1 - len(few)].split(": ")
        assert start == "not the report's settings"
        assert set(settings.split(", ")) == {f"{key} = {changes[key]}" for key in changes}
    for figure in few.values():
        assert figure.get_supxlabel() == (f"{start}: {settings}" if changes else "")
    for figure, (quantity, first, last) in CURVES[name].items():
        last = min(last or epochs, epochs)
        first = first if first < last else last // 2
        axes, = few[figure].axes
        assert axes.get_legend()
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", quantity)
        assert axes.get_title().startswith(f"Fig. {figure[3:5]}: ")
        assert axes.get_title().endswith(f", epochs {first:,} to {last:,}")
        assert axes.get_xscale() == axes.get_yscale() == "linear"
        assert all(tick == int(tick) for tick in axes.get_xticks()), "half an epoch"
        training, test = (line for line in axes.lines if line.get_linestyle() in ("-", "--"))
        assert training.get_linestyle() != test.get_linestyle()
        assert abs(np.subtract(to_rgb(training.get_color()), to_rgb(test.get_color()))).max() > 0.5
        for label, curve, key in (("training", training, quantity),
                                  ("test", test, f"test_{quantity}")):
            values = getattr(run, key)
            assert list(curve.get_xdata()) == list(range(first, last + 1))
            assert list(curve.get_ydata()) == values[first:last + 1]
            assert curve.get_label() == f"{label}: {values[last]:#.4g} at the end"
            points = [(line.get_xdata()[0], line.get_ydata()[0], line.get_label())
                      for line in axes.lines if line.get_linestyle() == "None"
                      and line.get_color() == curve.get_color()]
            assert points == [(epoch, float(digits), f"{label}, report: {float(digits):#.4g}")
                              for _, digits, _, its_key, epoch in run.results
                              if its_key == key and first <= epoch <= last and not changes]
    if name != C:
        other, = FIGURES[name] - set(CURVES[name])
        first = few[other].axes[0].images[0].get_array()
        np.testing.assert_array_equal(first, W[0].reshape(28, 28))
        return
    matrix, worst, *_ = few["fig4c_confusion_matrix.png"].axes
    misread = round((1 - run.test_accuracy[-1]) * 200)
    assert matrix.get_title() == f"Fig. 4c: {misread} of 200 test images misread"
    _, (X_test, labels_test) = common.load_mnist()
    shown = worst.images[0].get_array().reshape(784)
    assert worst.get_title()[0] == str(*labels_test[(X_test == shown).all(axis=1)])
    A1, A2 = module.forward_propagation(X_test, W, *weights)
    image, hidden, outputs = few["fig1_network.png"].axes
    assert np.array_equal(image.images[0].get_array().ravel(), X_test[0]) and labels_test[0] == 7
    units = len(W)
    np.testing.assert_array_equal(hidden.images[0].get_array().ravel()[:units], A1[0])
    assert hidden.images[0].get_array().count() == units == changes.get("HIDDEN_UNITS", 64)
    np.testing.assert_array_equal([bar.get_width() for bar in outputs.patches], A2[0])
    assert few["fig1_network.png"].get_suptitle() == (
        f"Fig. 1: a test image of a 7, read as a {A2[0].argmax()}")
    assert outputs.yaxis_inverted() and (hidden.get_xlabel(), outputs.get_xlabel()) == (
        f"A1: {units} hidden units", "A2: 10 outputs")


def test_overfitting_is_found_and_marked(few):
    module, run = load(ROOT / f"{A}.py"), made_up_run()
    run.test_loss = [0.5 + abs(epoch - 2000) / 1e5 for epoch in range(10_001)]
    run.loss = [0.51] * 10_001
    run.rises_from, run.above_from = module.overfitting(run)
    assert (run.rises_from, run.above_from) == (2000, 3001)
    names = {2000: "test loss starts to rise", 3001: "test loss above training loss"}
    for quantity, first, last, epochs in (("loss", 10, 9000, [2000, 3001]),
                                          ("loss", 2500, 9000, [3001]), ("loss", 1, 2500, [2000]),
                                          ("accuracy", 10, 9000, [])):
        common.draw_curves(run, "curves.png", quantity, "title", first, last)
        lines = [line for line in few["curves.png"].axes[0].lines
                 if list(line.get_ydata()) == [0, 0.5]]
        assert [line.get_xdata()[0] for line in lines] == epochs
        assert [line.get_label() for line in lines] == [
            f"{names[epoch]}, epoch {epoch}" for epoch in epochs]
        assert len({line.get_linestyle() for line in lines}) == len(lines)
    for lowest, found in (9901, (None, None)), (9900, (9900, None)):
        run.test_loss = [1000 + abs(epoch - lowest) for epoch in range(10_001)]
        run.loss = [5000] * 10_001
        assert module.overfitting(run) == found, "a rise counts if it has lasted 100 epochs"


def test_weights_are_pictures_row_by_row(few):
    """The weight of the pixel in row r and column c of unit u shows there in the u-th picture."""
    run = made_up_run(epochs=1)
    for units, unit, row, column in ((1, 0, 3, 20), (64, 10, 27, 5), (5, 4, 0, 1)):
        W = np.zeros((units, 784))
        W[unit, 28 * row + column] = 1
        common.draw_weights(run, "weights.png", W, "title")
        cells = few["weights.png"].axes
        for k in range(units):
            image, = cells[k].images
            assert image.get_array()[row, column] == (k == unit) and image.origin == "upper"
            assert image.get_array().sum() == (k == unit) and image.get_clim() == (-1, 1)
        assert few["weights.png"].get_suptitle() == "title" and cells[-1].get_ylabel() == "weight"
    W = np.arange(-783, 785).reshape(2, 784)  # the colours end where 95 % of the weights do
    common.draw_weights(run, "weights.png", W, "title")
    lowest, highest = few["weights.png"].axes[0].images[0].get_clim()
    assert highest == -lowest and np.mean(abs(W) <= highest) == pytest.approx(0.95, abs=0.001)


def test_confusion_matrix(few):
    """Counted by hand on six images; the most confident mistakes first, with their labels."""
    module, run = load(ROOT / f"{C}.py"), made_up_run("C", epochs=1)
    labels, predicted = np.array([3, 3, 3, 7, 7, 0], np.uint8), [3, 5, 8, 7, 1, 0]
    outputs, X = np.zeros((6, 10)), np.eye(6, 784)  # the i-th image has its i-th pixel lit
    outputs[range(6), predicted] = [0.9, 0.6, 0.8, 0.9, 0.7, 0.9]
    module.draw_confusion_matrix(run, "matrix.png", outputs, X, labels)
    matrix, *cells = few["matrix.png"].axes
    assert matrix.get_title() == "Fig. 4c: 3 of 6 test images misread"
    assert (matrix.get_xlabel(), matrix.get_ylabel()) == ("predicted digit", "true digit")
    counts = {text.get_position(): text.get_text() for text in matrix.texts if text.get_text()}
    assert counts == {(guess, true): "1" for guess, true in zip(predicted, labels)}
    np.testing.assert_array_equal(np.argwhere(matrix.images[0].get_array().T), sorted(counts))
    assert [(cell.get_title(), cell.images[0].get_array().argmax()) for cell in cells
            if cell.images] == [("3 -> 8", 2), ("7 -> 1", 4), ("3 -> 5", 1)]
    for count, color in ((400, "white"), (200, "black")):  # on a dark shade, on a light one
        module.draw_confusion_matrix(run, "matrix.png", np.eye(10)[[2] * count], X[[0] * count],
                                     np.full(count, 2))
        matrix = few["matrix.png"].axes[0]
        assert [text.get_color() for text in matrix.texts if text.get_text()] == [color]
        shade = matrix.images[0].norm(matrix.images[0].get_array()[2, 2])
        assert (shade > 0.6) == (color == "white")


@pytest.mark.filterwarnings("error")
def test_figures_are_the_same_whatever_the_users_settings(monkeypatch, tmp_path):
    """And those settings are the same afterwards."""
    monkeypatch.setattr(common, "ROOT", tmp_path)
    run, W = made_up_run("A", 20), np.random.default_rng(0).normal(size=(3, 784))
    pictures = []
    for rc in ({}, {"text.usetex": True, "font.size": 30, "savefig.dpi": 10, "lines.marker": "o",
                    "figure.autolayout": True, "axes.prop_cycle": "cycler('color', ['r'])"}):
        with matplotlib.rc_context(rc):
            before = dict(matplotlib.rcParams)
            common.draw_curves(run, "figures/curves.png", "loss", "title")
            common.draw_weights(run, "figures/weights.png", W, "title")
            assert dict(matplotlib.rcParams) == before
        pictures.append([file.read_bytes() for file in sorted((tmp_path / "figures").iterdir())])
    assert pictures[0] == pictures[1]


def test_figures_that_cannot_be_saved(few, monkeypatch, tmp_path, capsys):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    run, error = made_up_run(epochs=20), "cannot write figures/a.png: No space left on device"
    monkeypatch.setattr(Figure, "savefig", full_disk)
    for run.status, status in (0, 1), (130, 130):
        common.draw_curves(run, "figures/a.png", "loss", "title")
        assert run.status == status and capsys.readouterr().err == f"error: {error}\n"
    monkeypatch.undo()
    monkeypatch.setattr(common, "ROOT", tmp_path)
    (tmp_path / "figures").rmdir()
    (tmp_path / "figures").write_text("in the way")
    common.draw_curves(run, "figures/a.png", "loss", "title")
    assert capsys.readouterr().err.startswith("error: cannot write figures/a.png: ")


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_settings_give_the_same_numbers(name, precision, few):
    """To the last bit, with everything in the script's precision, from its range of weights."""
    module, runs, seen = load(ROOT / f"{name}.py"), [], []
    vars(module).update(PRECISION=precision, INIT_RANGE=0.25, EPOCHS=2)
    backward_propagation = module.backward_propagation

    def watched(*arguments):
        gradients = backward_propagation(*arguments)
        seen.extend([*arguments, *gradients])
        return gradients

    module.backward_propagation = watched
    for module.SEED in (5, 5, 6):
        for W in module.initial_weights()[::2]:
            assert 0.2 < W.max() <= 0.25 and -0.25 <= W.min() < -0.2
        run, *weights = module.main()
        runs.append(run)
        assert {array.dtype for array in [*seen, *weights]} == {np.dtype(precision)}
    assert runs[0].test_loss == runs[1].test_loss != runs[2].test_loss

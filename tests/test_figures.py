"""Do the figures show what they say, number by number?"""
import matplotlib
import numpy as np
import pytest
from scripts import ROOT, A, B, C, load, other_constants
from test_common import recorded

import common

pytestmark = pytest.mark.full
FIGURES = {
    A: {"fig2a_loss.png", "fig2b_loss_zoom.png", "fig2c_loss_500_epochs.png",
        "fig2d_weights.png", "fig2e_accuracy.png"},
    B: {"fig3a_accuracy.png", "fig3b_loss.png", "fig3c_hidden_weights.png"},
    C: {"fig1_network.png", "fig4a_accuracy.png", "fig4b_loss.png",
        "fig4c_confusion_matrix.png"},
}
SPANS = {  # the first and the last epoch of the curves in a run of 600
    "fig2a_loss.png": (10, 600), "fig2b_loss_zoom.png": (300, 600),
    "fig2c_loss_500_epochs.png": (10, 500), "fig2e_accuracy.png": (10, 600),
    "fig3a_accuracy.png": (1, 600), "fig3b_loss.png": (1, 600),
    "fig4a_accuracy.png": (1, 600), "fig4b_loss.png": (1, 600),
}


@pytest.fixture(params=[A, B, C])
def script(request):
    """The report's scripts only: another exercise draws figures of its own."""
    script, _ = load(ROOT / f"{request.param}.py")
    return script


def lines_of(figure):
    """Return {label: (x, y)} of all that is plotted."""
    lines = {}
    for line in figure.axes[0].lines:
        lines[line.get_label()] = (list(line.get_xdata()), list(line.get_ydata()))
    return lines


# ---- Curves ------------------------------------------------------------------------------
@pytest.mark.parametrize("epochs", [600, 20, 1])
def test_main_draws_the_curves_of_its_run(script, epochs, small_mnist, figures):
    script.EPOCHS = epochs
    run, *_ = script.main()
    assert set(figures) == FIGURES[script.__name__]
    for name in sorted(FIGURES[script.__name__] & set(SPANS)):
        first, last = SPANS[name]
        last = min(last, epochs)
        if first >= last:
            first = last // 2
        quantity = "accuracy" if "accuracy" in name else "loss"
        epochs_shown = list(range(first, last + 1))
        lines = lines_of(figures[name])
        assert lines["training"] == (epochs_shown, getattr(run, quantity)[first:last + 1])
        assert lines["test"] == (epochs_shown, getattr(run, f"test_{quantity}")[first:last + 1])
        axes = figures[name].axes[0]
        assert axes.get_title().startswith(f"Fig. {name[3:5]}: ")
        assert axes.get_title().endswith(f", epochs {first:,} to {last:,}")
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", quantity)
        shown = {text.get_text() for text in figures[name].legends[0].texts}
        assert shown == set(lines), "the legend names all that is plotted"


@pytest.mark.parametrize("exercise, quantity, points", [
    ("A", "loss", {"epoch 500: 0.4500, report 0.03005": (500, 0.030048830759622978),
                   "epoch 500: 0.6500, report 0.02520": (500, 0.025196727549756617)}),
    ("B", "accuracy", {"epoch 499: 0.5495, report 0.9913": (499, 0.9913)}),
    ("B", "loss", {"epoch 499: 0.6495, report 0.02696": (499, 0.02696)}),
    ("C", "accuracy", {"epoch 499: 0.5495, report 0.9238": (499, 0.9238)}),
    ("C", "loss", {"epoch 499: 0.6495, report 0.3298": (499, 0.3298)}),
    ("D", "loss", {}),
])
def test_the_diamonds_are_the_reports_numbers(exercise, quantity, points, figures):
    common.draw_curves(recorded(exercise, 600), "figures/a.png", quantity, "title")
    lines = lines_of(figures["a.png"])
    del lines["training"], lines["test"]
    assert lines == {label: ([epoch], [value]) for label, (epoch, value) in points.items()}


@pytest.mark.parametrize("first, last, settings", [
    (501, 600, {}), (1, 498, {}), (1, 600, {"SEED": 7})])
def test_no_diamond_where_it_does_not_belong(first, last, settings, figures):
    """Outside the epochs that are drawn, and with other settings than the report's."""
    run = recorded("A", 600, **settings)
    common.draw_curves(run, "figures/a.png", "loss", "title", first, last)
    assert set(lines_of(figures["a.png"])) == {"training", "test"}
    assert figures["a.png"].get_suptitle() == run.note


@pytest.mark.parametrize("name, exercise", [(A, "A"), (B, "B"), (C, "C")])
def test_every_figure_names_all_changed_settings(name, exercise, small_mnist, figures):
    """So no run with other settings is held against the report's numbers."""
    original, _ = load(ROOT / f"{name}.py")
    settings = other_constants(original, *common.SETTINGS[exercise])
    script, _ = load(ROOT / f"{name}.py", EPOCHS=1, **settings)
    run, *_ = script.main()
    for setting, value in settings.items():
        assert f"{setting} = {value}" in run.note
    for figure in figures.values():
        assert figure.get_suptitle() == run.note


def test_the_epochs_of_overfitting_are_drawn(figures):
    run = recorded("D", 600)
    run.rises_from = 200
    run.above_from = 400
    common.draw_curves(run, "figures/all.png", "loss", "title")
    common.draw_curves(run, "figures/part.png", "loss", "title", first_epoch=300)
    rises = "epoch 200: test loss starts to rise"
    above = "epoch 400: test loss above training"
    assert lines_of(figures["all.png"])[rises][0] == [200, 200]
    assert lines_of(figures["all.png"])[above][0] == [400, 400]
    assert set(lines_of(figures["part.png"])) == {"training", "test", above}


@pytest.mark.parametrize("lowest, training_loss, found", [
    (2000, 500, (2000, 2501)), (2000, 9000, (2000, None)), (2900, 9000, (2900, None)),
    (2901, 0, (None, None))])
def test_overfitting_is_found(lowest, training_loss, found):
    """A rise counts once it has lasted for 100 epochs."""
    script, _ = load(ROOT / f"{A}.py")
    run = common.Run("A", 3000)
    run.loss = [training_loss] * 3001
    run.test_loss = [abs(epoch - lowest) for epoch in range(3001)]
    assert script.overfitting(run) == found


# ---- Weights, network and mistakes -------------------------------------------------------
@pytest.mark.parametrize("units, side", [(1, 1), (5, 3), (64, 8), (784, 28)])
def test_each_unit_has_a_picture(units, side, figures):
    W = np.random.default_rng(0).normal(size=(units, 784))
    common.draw_weights(recorded("B", 20), "figures/a.png", W, "title")
    image = figures["a.png"].axes[0].images[0]
    mosaic = np.ma.filled(image.get_array(), np.nan)
    assert mosaic.shape == (30 * side - 2, 30 * side - 2)
    assert np.count_nonzero(np.isfinite(mosaic)) == W.size
    for unit in {0, units // 2, units - 1}:
        row, column = divmod(unit, side)
        picture = mosaic[30 * row:30 * row + 28, 30 * column:30 * column + 28]
        assert np.array_equal(picture.ravel(), W[unit])
    assert image.origin == "upper"
    assert sum(image.get_clim()) == 0, "grey is 0"
    assert figures["a.png"].axes[0].get_title() == "title, after 20 updates"


@pytest.mark.parametrize("name, figure", [
    (A, "fig2d_weights.png"), (B, "fig3c_hidden_weights.png")])
def test_main_draws_its_own_weights(name, figure, small_mnist, figures):
    script, _ = load(ROOT / f"{name}.py", EPOCHS=2)
    _, W, *_ = script.main()
    mosaic = figures[figure].axes[0].images[0].get_array()
    assert np.array_equal(mosaic[:28, :28].ravel(), W[0])


@pytest.fixture
def exercise_c(small_mnist):
    """The outputs of a short run of script C with 60 hidden units, on its test images."""
    script, _ = load(ROOT / f"{C}.py")
    script.HIDDEN_UNITS = 60
    script.EPOCHS = 200
    _, *weights = script.main()
    X, labels = small_mnist[1]
    A1, A2 = script.forward_propagation(X, *weights)
    return X, labels, A1, A2


def test_the_network_is_that_of_the_run(exercise_c, figures):
    X, _, A1, A2 = exercise_c
    figure = figures["fig1_network.png"]
    image, hidden, outputs = figure.axes
    title = f"Fig. 1: a test image of the digit 7, read as {A2[0].argmax()}"
    assert image.get_title(loc="left") == title
    assert np.array_equal(image.images[0].get_array().ravel(), X[0])
    assert np.array_equal(hidden.images[0].get_array().compressed(), A1[0])
    assert np.array_equal([bar.get_width() for bar in outputs.patches], A2[0])


def test_the_confusion_matrix_counts(exercise_c, figures):
    _, labels, _, A2 = exercise_c
    guesses = A2.argmax(axis=1)
    matrix = figures["fig4c_confusion_matrix.png"].axes[0]
    shown = np.zeros((10, 10))
    for text in matrix.texts:
        guess, label = text.get_position()
        shown[label, guess] = int(text.get_text())
    counts = [[np.sum((labels == label) & (guesses == guess)) for guess in range(10)]
              for label in range(10)]
    assert np.array_equal(shown, counts)
    assert np.array_equal(matrix.images[0].get_array(), counts)
    wrong = np.sum(guesses != labels)
    assert matrix.get_title() == f"Fig. 4c: {wrong} of 200 test images misread"


def test_the_worst_mistakes_come_first(exercise_c, figures):
    X, labels, _, A2 = exercise_c
    guesses = A2.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    worst = sorted(wrong, key=lambda k: -A2[k, guesses[k]])
    cells = figures["fig4c_confusion_matrix.png"].axes[1:]
    for cell, k in zip(cells, worst):
        assert cell.get_title() == f"{labels[k]} -> {guesses[k]}"
        assert np.array_equal(cell.images[0].get_array().ravel(), X[k])


# ---- Files -------------------------------------------------------------------------------
def test_a_figure_is_saved(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(common, "ROOT", tmp_path)
    common.draw_curves(recorded("A", 20), "figures/a.png", "loss", "title")
    assert matplotlib.image.imread(tmp_path / "figures/a.png").shape == (672, 896, 4)
    assert capsys.readouterr().out == "figures/a.png\n"


def test_a_figure_that_cannot_be_saved_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(common, "ROOT", tmp_path)
    (tmp_path / "figures/a.png").mkdir(parents=True)
    common.draw_curves(recorded("A", 20), "figures/a.png", "loss", "title")
    assert capsys.readouterr().err.startswith("error: cannot write figures/a.png: ")


def test_seed_precision_and_range(script, small_mnist):
    """The same settings give the same numbers, to the last bit; another seed gives others."""
    script.PRECISION = np.float64
    script.INIT_RANGE = 0.25
    script.EPOCHS = 2
    W, *_ = script.initial_weights()
    assert W.dtype == float
    assert 0.2 < abs(W).max() <= 0.25
    run, *_ = script.main()
    again, *_ = script.main()
    assert run.loss == again.loss
    script.SEED += 1
    other, *_ = script.main()
    assert run.loss != other.loss

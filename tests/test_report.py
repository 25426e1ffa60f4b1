"""Do the runs of the report give the report's numbers, to the last digit?"""
import pytest
from conftest import SCRIPTS
from test_scripts import finish, start, table

pytestmark = pytest.mark.full
A, B, C = SCRIPTS


def train(folder, *runs):
    """Return the table of each run on all of MNIST: {row: (report, this run)}, in numbers.

    runs: script, epochs, precision. They run at the same time, each on one core.
    """
    processes = [start(folder, "-c", f"import {name} as script, numpy\nscript.EPOCHS = {epochs}\n"
                       f"script.PRECISION = numpy.{precision}\nscript.main()",
                       OPENBLAS_NUM_THREADS="1") for name, epochs, precision in runs]
    for process, (name, *_) in zip(processes, runs):
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
        yield {row: (float(report), float(ours))
               for row, (report, ours) in table(output, name).items() if "needs" not in ours}


def test_the_numbers_of_the_report(folder):
    a, a_double, b, c = train(folder, (A, 2500, "float32"), (A, 500, "float64"),
                              (B, 499, "float32"), (C, 499, "float32"))
    for row in ("training loss after 500 epochs", "test loss after 500 epochs"):
        for rows, tolerance in (a, 3e-8), (a_double, 1e-14):
            report, ours = rows[row]
            assert abs(ours - report) <= tolerance, row
    report, ours = a["test loss starts to rise, epoch"]
    assert report == 2380 and abs(ours - report) <= 20
    for rows, decimals in (b, 5), (c, 4):
        for row, digits in (("test accuracy in the 500th epoch", 4),
                            ("test loss in the 500th epoch", decimals)):
            report, ours = rows[row]
            assert round(ours, digits) == report, row

"""Do the runs of the report give the report's numbers, to the last digit?"""
import shutil

import pytest
from judge import A, B, C, edit
from test_scripts import finish, start, table


@pytest.mark.full
def test_the_numbers_of_the_report(folder):
    """The four runs, on all of MNIST, take place at the same time, each on one core."""
    shutil.copy(folder / f"{A}.py", folder / "double.py")
    edit(folder / "double.py", ("PRECISION = np.float32", "PRECISION = np.float64"))
    runs = [start(folder, name, f"--epochs={epochs}", OPENBLAS_NUM_THREADS="1")
            for name, epochs in ((A, 2500), ("double", 500), (B, 499), (C, 499))]
    tables = []
    for run in runs:
        status, output, errors = finish(run)
        assert (status, errors) == (0, "")
        tables.append({row: (float(report), float(ours))
                       for row, (report, ours) in table(output).items() if "needs" not in ours})
    a, a_double, b, c = tables
    for row in "training loss after 500 epochs", "test loss after 500 epochs":
        for rows, tolerance in (a, 3e-8), (a_double, 1e-14):
            report, ours = rows[row]
            assert abs(ours - report) <= tolerance, row
    report, ours = a["test loss starts to rise, epoch"]
    assert report == 2380 and abs(ours - report) <= 20
    for rows, decimals in (b, 5), (c, 4):
        for row, digits in ("test accuracy in the", 4), ("test loss in the", decimals):
            report, ours = rows[f"{row} 500th epoch"]
            assert round(ours, digits) == report, row

"""Writes resources/data/{iris,wine,breast_cancer}.csv from scikit-learn's copies; run once, with scikit-learn at hand.

    python scripts/make_data.py FOLDER    # where `pip install --no-deps --target FOLDER scikit-learn` put it

Every number stays the text that it is there. A header names the features, and classes get their names.
"""

import csv
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "resources" / "data"

MEASURES = "radius texture perimeter area smoothness compactness concavity concave_points symmetry fractal_dimension"
HEADERS = {
    "iris": ("sepal_length", "sepal_width", "petal_length", "petal_width", "species"),
    "wine": (
        *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids"),
        *("nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280_od315", "proline", "cultivator"),
    ),
    "breast_cancer": (
        *(f"{which}_{measure}" for which in ("mean", "se", "worst") for measure in MEASURES.split()),
        "diagnosis",
    ),
}
FILES = {"iris": "iris.csv", "wine": "wine_data.csv", "breast_cancer": "breast_cancer.csv"}
CLASSES = {"wine": ("1", "2", "3")}  # as in UCI's file; the others are named there


def main() -> None:
    source = Path(sys.argv[1]) / "sklearn" / "datasets" / "data"
    for name, file in FILES.items():
        with open(source / file, newline="", encoding="utf-8") as lines:
            (count, features, *named), *rows = csv.reader(lines)
        classes = CLASSES.get(name, tuple(named))
        header = HEADERS[name]
        assert len(rows) == int(count)
        assert all(len(row) == len(header) == int(features) + 1 for row in rows)
        with open(OUT / f"{name}.csv", "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(header)
            writer.writerows([*row[:-1], classes[int(row[-1])]] for row in rows)


if __name__ == "__main__":
    main()

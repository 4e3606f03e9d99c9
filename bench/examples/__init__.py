"""Ten real pairs of releases, and what the draft page says of them."""

# Project, the release before, the release: what each is an example of stands in docs/inspection-examples.md.
PAIRS = (
    ("flask", "2.2.5", "2.3.0"),
    ("attrs", "23.2.0", "24.1.0"),
    ("python-multipart", "0.0.12", "0.0.13"),
    ("urllib3", "1.26.15", "2.0.0"),
    ("charset-normalizer", "3.3.2", "3.4.0"),
    ("pyyaml", "6.0.1", "6.0.2"),
    ("numpy", "2.2.6", "2.3.0"),
    ("scikit-learn", "1.0.2", "1.1.0"),
    ("cryptography", "44.0.3", "45.0.2"),
    ("pillow", "10.4.0", "11.0.0"),
)

"""What stages hand to each other: dataset, bundle, report, manifest, errors."""

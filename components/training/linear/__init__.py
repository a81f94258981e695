"""Logistic and ridge regression: a kind of model, and the yardstick beside every other."""

"""The predictor's figures for Cloud Monitoring and CloudWatch, where no Prometheus scrapes it."""

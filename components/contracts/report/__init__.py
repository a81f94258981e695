"""Reports: what a stage found, as JSON, HTML and Markdown."""

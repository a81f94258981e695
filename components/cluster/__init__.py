"""What speaks to Kubernetes: objects read and applied, and the memory of promotions kept there."""

"""The line on real servers: `make test-shops`. What they need comes from package registries."""

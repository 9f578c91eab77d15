"""What the daemon serves over HTTP: health and figures for monitoring."""

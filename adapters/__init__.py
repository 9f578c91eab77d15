"""One shop platform each. No adapter knows another; entry points load them."""
